import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { instancesQuery } from '../api/queries';
import { type Instance } from '../api/schema';
import { Empty } from '../components/empty';
import { HealthStatus } from '../components/health-status';
import { InstanceState } from '../components/instance-state';
import { Loaded } from '../components/loaded';
import { Page } from '../components/page';
import { type Column, Rows } from '../components/rows';
import { Moment } from '../components/times';
import { useNextStep } from '../components/use-next-step';

export function InstancesPage() {
  const { t } = useTranslation();
  const query = useQuery({ ...instancesQuery, refetchInterval: 15_000 });
  return (
    <Page title={t('instances.title')} intro={<p>{t('instances.intro')}</p>}>
      <Loaded query={query} failed={t('instances.unreadable')}>
        {(instances) => (instances.length === 0 ? <NoInstances /> : <Instances instances={instances} />)}
      </Loaded>
    </Page>
  );
}

function NoInstances() {
  const { t } = useTranslation();
  return (
    <Empty title={t('instances.empty.title')}>
      <p>{t('instances.empty.text')}</p>
      <p>{t('instances.empty.role')}</p>
    </Empty>
  );
}

function Instances({ instances }: { readonly instances: readonly Instance[] }) {
  const { t } = useTranslation();
  const nextStep = useNextStep();
  const columns: readonly Column<Instance>[] = [
    {
      key: 'name',
      header: t('instances.name'),
      cell: ({ id, name }) => (
        <Link className="cds--link" to={`/instances/${id}/overview`}>
          {name}
        </Link>
      ),
    },
    { key: 'state', header: t('instances.state'), cell: ({ state }) => <InstanceState state={state} /> },
    { key: 'health', header: t('instances.health'), cell: ({ health }) => <HealthStatus health={health} /> },
    {
      key: 'next',
      header: t('instances.next'),
      cell: (instance) => {
        const { text, lang } = nextStep(instance);
        return <span lang={lang}>{text}</span>;
      },
    },
    {
      key: 'region',
      header: t('instances.region'),
      cell: ({ region }) => <span className="k-unbroken">{region}</span>,
    },
    { key: 'created', header: t('instances.created'), cell: ({ created_at }) => <Moment at={created_at} /> },
  ];
  return <Rows label={t('instances.title')} columns={columns} rows={instances} idOf={({ id }) => id} />;
}
