import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { quarantineQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { Empty } from '../../components/empty';
import { Loaded } from '../../components/loaded';
import { useNow } from '../../components/now';
import { Pager } from '../../components/pager';
import { ProblemView } from '../../components/problem-view';
import { type Column, Rows } from '../../components/rows';
import { Status, type Tone } from '../../components/status';
import { Day, Moment } from '../../components/times';
import { KeyName } from './key-name';
import { type Standing, standingOf } from './standing';

type Quarantined = Schemas['InstanceQuarantinedKey'];

/** Apart from that of the candidates, which are on the same page. */
const PLACE = 'quarantine';

export function Quarantine() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const [search] = useSearchParams();
  const query = useQuery(quarantineQuery(instance.id, search.get(PLACE) ?? undefined));
  const columns: readonly Column<Quarantined>[] = [
    { key: 'key', header: t('reclaim.key'), cell: (key) => <KeyName of={key} /> },
    { key: 'standing', header: t('reclaim.quarantine.standing'), cell: (key) => <StandingOf of={key} /> },
    {
      key: 'since',
      header: t('reclaim.quarantine.since'),
      cell: ({ quarantined_at, quarantined_by }) => (
        <div className="k-lines">
          <Day at={quarantined_at} />
          <code className="k-quiet">{quarantined_by}</code>
        </div>
      ),
    },
    { key: 'until', header: t('reclaim.quarantine.until'), cell: (key) => <Day at={key.quarantined_until} /> },
    { key: 'act', header: t('reclaim.act'), cell: (key) => <Acts of={key} /> },
  ];
  return (
    <Loaded paged query={query} failed={t('reclaim.quarantine.unreadable')}>
      {({ quarantined_keys, next }) => (
        <>
          {quarantined_keys.length === 0 ? (
            <Empty title={t('reclaim.quarantine.none.title')}>
              <p>{t('reclaim.quarantine.none.text')}</p>
            </Empty>
          ) : (
            <Rows
              label={t('reclaim.quarantine.title')}
              columns={columns}
              rows={quarantined_keys}
              idOf={({ id }) => id}
            />
          )}
          <Pager next={next?.start} place={PLACE} />
        </>
      )}
    </Loaded>
  );
}

const TONES: Readonly<Record<Standing, Tone>> = {
  destroyed: 'none',
  resumed: 'none',
  asked_for: 'bad',
  waiting: 'paused',
  ripe: 'warning',
};

/** Whether somebody missed it: who, from where, and when. */
function StandingOf({ of: key }: { readonly of: Quarantined }) {
  const { t } = useTranslation();
  const standing = standingOf(key, useNow());
  const { asked_for } = key;
  return (
    <div className="k-lines">
      <Status tone={TONES[standing]}>{t(`reclaim.standing.${standing}`)}</Status>
      {asked_for && (
        <span>
          {t('reclaim.quarantine.askedFor')} <Moment at={asked_for.at} />
        </span>
      )}
      {asked_for?.address !== undefined && <code>{asked_for.address}</code>}
      {asked_for?.sha256_fingerprint !== undefined && (
        <code className="k-quiet">{asked_for.sha256_fingerprint.slice(0, 16)}…</code>
      )}
    </div>
  );
}

/** Back at one click, without a question: it takes nothing from anybody. Destruction is planned elsewhere, and late. */
function Acts({ of: key }: { readonly of: Quarantined }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const standing = standingOf(key, useNow());
  const giveBack = useChange(instance.id, ['reclaim', 'keys', 'audit'], () =>
    answerOf(
      api.DELETE('/v1/instances/{instance_id}/quarantined_keys/{id}', {
        params: { path: { instance_id: instance.id, id: key.id } },
      }),
    ),
  );
  return (
    <>
      {giveBack.isError && <ProblemView problem={asProblem(giveBack.error)} />}
      <div className="k-actions">
        <ActionButton
          size="sm"
          kind={standing === 'asked_for' ? 'primary' : 'tertiary'}
          verdict={may('key.update')}
          disabled={giveBack.isPending}
          onClick={() => giveBack.mutate()}
        >
          {t(
            standing === 'waiting' || standing === 'asked_for' || standing === 'ripe'
              ? 'reclaim.back'
              : 'reclaim.remove',
          )}
        </ActionButton>
        {standing === 'ripe' && (
          <Button as={Link} size="sm" kind="danger--ghost" to={`/instances/${instance.id}/shred?keys=${key.id}`}>
            {t('reclaim.plan')}
          </Button>
        )}
      </div>
    </>
  );
}
