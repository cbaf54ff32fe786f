import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { useInstance } from '../app/instance-layout';
import { type Crumb, Page } from './page';

interface InstancePageProps {
  readonly title: string;
  /** Between the instance and this page. */
  readonly crumbs?: readonly Crumb[];
  readonly tag?: ReactNode;
  readonly intro?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A page of the instance that is open, with the way back to it. */
export function InstancePage({ crumbs = [], ...page }: InstancePageProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const way: readonly Crumb[] = [
    { to: '/', text: t('instances.title') },
    { to: `/instances/${instance.id}/overview`, text: instance.name },
    ...crumbs.map(({ to, text }) => ({ to: `/instances/${instance.id}/${to}`, text })),
  ];
  return <Page crumbs={way} {...page} />;
}
