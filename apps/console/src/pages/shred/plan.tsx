import { ProgressBar } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useParams, useSearchParams } from 'react-router';

import { shredPlanKeysQuery, shredPlanQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Copyable } from '../../components/copyable';
import { Facts } from '../../components/facts';
import { InstancePage } from '../../components/instance-page';
import { Loaded } from '../../components/loaded';
import { Original } from '../../components/original';
import { Section } from '../../components/page';
import { Pager } from '../../components/pager';
import { type Column, Rows } from '../../components/rows';
import { Status } from '../../components/status';
import { Day, Moment, useTimes } from '../../components/times';
import { useWords } from '../../i18n/words';
import { OwnerName } from '../keys/owner';
import { PlanActions } from './plan-actions';
import { PlanState } from './plan-state';

type Plan = Schemas['InstanceShredPlan'];
type PlanKey = Schemas['InstanceShredPlanKey'];

export function PlanPage() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const verdict = may('key.list');
  const { plan: id = '' } = useParams();
  const query = useQuery({ ...shredPlanQuery(instance.id, id), enabled: verdict.allowed });
  return (
    <InstancePage
      verdict={verdict}
      title={query.data ? t(`shred.scope.${query.data.scope}`) : t('shred.plan')}
      crumbs={[{ to: 'shred', text: t('nav.shred') }]}
      tag={query.data && <PlanState state={query.data.state} />}
    >
      <Loaded query={query} failed={t('shred.unreadable')}>
        {(plan) => (
          <>
            <PlanFacts plan={plan} />
            <PlanActions plan={plan} />
            <Section title={t('shred.stops.title')} intro={t('shred.stops.intro')}>
              <Keys plan={plan} />
            </Section>
          </>
        )}
      </Loaded>
    </InstancePage>
  );
}

function PlanFacts({ plan }: { readonly plan: Plan }) {
  const { t, i18n } = useTranslation();
  const { number } = useTimes();
  return (
    <>
      {i18n.language === 'en' && <p className="k-page__intro">{plan.message}</p>}
      <Facts
        facts={[
          [t('nav.keys'), number(plan.key_count)],
          [t('shred.hash'), <Copyable key="h" what={t('shred.hash')} text={plan.hash} />],
          [t('shred.madeBy'), <code key="b">{plan.created_by}</code>],
          [t('shred.made'), <Moment key="m" at={plan.created_at} />],
          plan.confirmed_by !== undefined && [t('shred.confirmedBy'), <code key="c">{plan.confirmed_by}</code>],
          plan.executed_at !== undefined && [t('shred.executedAt'), <Moment key="e" at={plan.executed_at} />],
        ]}
      />
      {plan.executed_at !== undefined && (
        <ProgressBar
          label={t('shred.shown', { shown: number(plan.shown_count), total: number(plan.key_count) })}
          max={Math.max(plan.key_count, 1)}
          value={plan.shown_count}
        />
      )}
      {plan.root_keys.map(({ id, unwrap }) => (
        <Status key={id} tone={unwrap === 'refused' ? 'good' : 'warning'}>
          <code>{id}</code> {t(`shred.unwrap.${unwrap}`)}
        </Status>
      ))}
      {plan.failures.map((failure) => (
        <Failure key={failure.key_id} failure={failure} />
      ))}
    </>
  );
}

function Failure({ failure }: { readonly failure: Plan['failures'][number] }) {
  const said = useWords();
  const { key_id: key, code, message } = failure;
  const nothing: string = '';
  const cause = said('reason', code, message);
  const remedy = said('reason_remedy', code, nothing);
  return (
    <div>
      <Status tone="bad">
        <code>{key}</code> <span lang={cause.lang}>{cause.text}</span>{' '}
        {remedy.text !== nothing && <span lang={remedy.lang}>{remedy.text}</span>}
      </Status>
      {cause.lang === undefined && <Original text={message} />}
    </div>
  );
}

function Keys({ plan }: { readonly plan: Plan }) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const [search] = useSearchParams();
  const query = useQuery(shredPlanKeysQuery(instance.id, plan.id, search.get('start') ?? undefined));
  const columns: readonly Column<PlanKey>[] = [
    {
      key: 'owner',
      header: t('key.owner'),
      cell: ({ owner, id }) => (
        <div className="k-lines">
          <span>
            <OwnerName owner={owner} beside={id} />
          </span>
          <code className="k-quiet">{id}</code>
        </div>
      ),
    },
    {
      key: 'fetched',
      header: t('key.fetched'),
      cell: ({ last_fetched_at, in_memory }) => (
        <div className="k-lines">
          <Moment at={last_fetched_at} />
          {in_memory.possible && <span className="k-quiet">{t('shred.inMemory')}</span>}
        </div>
      ),
    },
    { key: 'restorable', header: t('shred.restorable'), cell: ({ restorable_until }) => <Day at={restorable_until} /> },
    {
      key: 'catalog',
      header: t('shred.became'),
      cell: ({ catalog, stored_key }) => (
        <div className="k-lines k-unbroken">
          <Status tone={catalog === 'destroyed' ? 'good' : catalog === 'spared' ? 'warning' : 'none'}>
            {t(`shred.catalog.${catalog}`)}
          </Status>
          <span className="k-quiet">{t(`shred.stored.${stored_key}`)}</span>
        </div>
      ),
    },
  ];
  return (
    <Loaded paged query={query}>
      {({ keys, next }) => (
        <>
          <Rows label={t('shred.stops.title')} columns={columns} rows={keys} idOf={({ id }) => id} />
          <Pager next={next?.start} />
        </>
      )}
    </Loaded>
  );
}
