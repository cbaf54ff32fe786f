import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { type Verdict } from '../api/permissions';
import { useInstance } from '../app/instance-layout';
import { NeedsRole } from './needs-role';
import { type Crumb, Page } from './page';

interface InstancePageProps {
  readonly title: string;
  /** Between the instance and this page. */
  readonly crumbs?: readonly Crumb[];
  readonly tag?: ReactNode;
  readonly intro?: ReactNode;
  readonly actions?: ReactNode;
  /** Of what the whole page shows: whoever may not see it is told which role it takes. */
  readonly verdict?: Verdict;
  readonly children: ReactNode;
}

/** A page of the instance that is open, with the way back to it. */
export function InstancePage({ crumbs = [], verdict, children, ...page }: InstancePageProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const way: readonly Crumb[] = [
    { to: '/', text: t('instances.title') },
    { to: `/instances/${instance.id}/overview`, text: instance.name },
    ...crumbs.map(({ to, text }) => ({ to: `/instances/${instance.id}/${to}`, text })),
  ];
  return (
    <Page crumbs={way} {...page}>
      {verdict?.allowed === false ? <NeedsRole verdict={verdict} /> : children}
    </Page>
  );
}
