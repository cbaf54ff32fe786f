import { Breadcrumb, BreadcrumbItem } from '@carbon/react';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

export interface Crumb {
  readonly to: string;
  readonly text: string;
}

interface PageProps {
  readonly title: string;
  readonly crumbs?: readonly Crumb[];
  /** Beside the title: a state. */
  readonly tag?: ReactNode;
  readonly intro?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, crumbs = [], tag, intro, actions, children }: PageProps) {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${title} · ${t('shell.product')}`;
  }, [title, t]);
  return (
    <div className="k-page">
      {crumbs.length > 0 && (
        <Breadcrumb noTrailingSlash aria-label={t('shell.breadcrumb')}>
          {crumbs.map(({ to, text }) => (
            <BreadcrumbItem key={to}>
              <Link to={to} className="cds--link">
                {text}
              </Link>
            </BreadcrumbItem>
          ))}
        </Breadcrumb>
      )}
      <header className="k-page__head">
        <div>
          <h1>{title}</h1>
          {tag}
        </div>
        {actions !== undefined && <div className="k-actions">{actions}</div>}
      </header>
      {intro !== undefined && <div className="k-page__intro">{intro}</div>}
      {children}
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  readonly intro?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly id?: string;
}

export function Section({ title, intro, actions, children, id }: SectionProps) {
  return (
    <section className="k-section" aria-label={title} id={id}>
      <div className="k-section__head">
        <h2>{title}</h2>
        {actions !== undefined && <div className="k-actions">{actions}</div>}
      </div>
      {intro !== undefined && <p className="k-section__intro">{intro}</p>}
      {children}
    </section>
  );
}
