import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { shredPlansQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Empty } from '../../components/empty';
import { InstancePage } from '../../components/instance-page';
import { Loaded } from '../../components/loaded';
import { Section } from '../../components/page';
import { type Column, Rows } from '../../components/rows';
import { Moment, useTimes } from '../../components/times';
import { MakePlan } from './make-plan';
import { PlanState } from './plan-state';

type Plan = Schemas['InstanceShredPlan'];

export function ShredPage() {
  const { t } = useTranslation();
  const { may } = useInstance();
  return (
    <InstancePage title={t('nav.shred')} intro={<p>{t('shred.intro')}</p>} verdict={may('key.list')}>
      <Section title={t('shred.make.title')} intro={t('shred.make.intro')}>
        <MakePlan />
      </Section>
      <Section title={t('shred.plans')}>
        <Plans />
      </Section>
    </InstancePage>
  );
}

function Plans() {
  const { t } = useTranslation();
  const { number } = useTimes();
  const { instance } = useInstance();
  const query = useQuery(shredPlansQuery(instance.id));
  const columns: readonly Column<Plan>[] = [
    {
      key: 'plan',
      header: t('shred.plan'),
      cell: ({ id, scope }) => (
        <Link className="cds--link" to={id}>
          {t(`shred.scope.${scope}`)}
        </Link>
      ),
    },
    { key: 'state', header: t('shred.state'), cell: ({ state }) => <PlanState state={state} /> },
    { key: 'keys', header: t('nav.keys'), numeric: true, cell: ({ key_count }) => number(key_count) },
    { key: 'by', header: t('shred.madeBy'), cell: ({ created_by }) => <code>{created_by}</code> },
    { key: 'at', header: t('shred.made'), cell: ({ created_at }) => <Moment at={created_at} /> },
  ];
  return (
    <Loaded query={query} failed={t('shred.unreadable')}>
      {(plans) =>
        plans.length === 0 ? (
          <Empty title={t('shred.none.title')}>
            <p>{t('shred.none.text')}</p>
          </Empty>
        ) : (
          <Rows label={t('shred.plans')} columns={columns} rows={plans} idOf={({ id }) => id} />
        )
      }
    </Loaded>
  );
}
