import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';

import { answerOf, api } from '../../api/client';
import { candidatesQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { Empty } from '../../components/empty';
import { Guard } from '../../components/guard';
import { Loaded } from '../../components/loaded';
import { Pager } from '../../components/pager';
import { type Column, Rows } from '../../components/rows';
import { Day, When } from '../../components/times';
import { KeyState } from '../keys/key-state';
import { calledOf } from '../keys/owner';
import { KeyName } from './key-name';

type Candidate = Schemas['InstanceReclaimCandidate'];

/** The keys that nothing speaks for. When a key was fetched is shown, and is no reason by itself. */
export function Candidates() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const [search] = useSearchParams();
  const query = useQuery(candidatesQuery(instance.id, search.get('start') ?? undefined));
  const columns: readonly Column<Candidate>[] = [
    { key: 'key', header: t('reclaim.key'), cell: (key) => <KeyName of={key} /> },
    { key: 'state', header: t('key.stateTitle'), cell: (key) => <KeyState of={key} /> },
    { key: 'reason', header: t('reclaim.candidates.reason'), cell: () => t('reclaim.candidates.why') },
    { key: 'created', header: t('key.created'), cell: ({ created_at }) => <Day at={created_at} /> },
    { key: 'fetched', header: t('key.fetched'), cell: ({ last_fetched_at }) => <When at={last_fetched_at} /> },
    { key: 'act', header: t('reclaim.act'), cell: (key) => <SetAside of={key} /> },
  ];
  return (
    <Loaded paged query={query} failed={t('reclaim.candidates.unreadable')}>
      {({ reclaim_candidates, next }) => (
        <>
          {reclaim_candidates.length === 0 ? (
            <Empty title={t('reclaim.candidates.none.title')}>
              <p>{t('reclaim.candidates.none.text')}</p>
            </Empty>
          ) : (
            <Rows
              label={t('reclaim.candidates.title')}
              columns={columns}
              rows={reclaim_candidates}
              idOf={({ id }) => id}
            />
          )}
          <Pager next={next?.start} />
        </>
      )}
    </Loaded>
  );
}

function SetAside({ of: key }: { readonly of: Candidate }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [asked, setAsked] = useState(false);
  const quarantine = useChange(instance.id, ['reclaim', 'keys', 'audit'], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/quarantined_keys', {
        params: { path: { instance_id: instance.id } },
        body: { id: key.id },
      }),
    ),
  );
  return (
    <>
      <ActionButton size="sm" kind="tertiary" verdict={may('key.update')} onClick={() => setAsked(true)}>
        {t('reclaim.setAside.act')}
      </ActionButton>
      {asked && (
        <Guard
          title={t('reclaim.setAside.title', { name: calledOf(key) })}
          act={t('reclaim.setAside.act')}
          danger={false}
          change={quarantine}
          onClose={() => setAsked(false)}
        >
          <p>{t('reclaim.setAside.text')}</p>
          <p>{t('reclaim.setAside.back')}</p>
        </Guard>
      )}
    </>
  );
}
