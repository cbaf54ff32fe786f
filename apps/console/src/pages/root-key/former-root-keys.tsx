import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { formerRootKeysQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { Copyable } from '../../components/copyable';
import { Facts } from '../../components/facts';
import { Loaded } from '../../components/loaded';
import { ProblemView } from '../../components/problem-view';
import { CalendarDay, Moment } from '../../components/times';
import { FormerApiKey } from './former-api-key';
import { MoveProgress } from './move-progress';
import { RollBack } from './roll-back';
import { rootKeyIdOf } from './root-key-id';

type Former = Schemas['InstanceFormerRootKey'];

/** What a move shows while nobody's event comes: it goes on for minutes. */
const MOVING_REFETCH_MS = 5_000;

export function FormerRootKeys() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const query = useQuery({
    ...formerRootKeysQuery(instance.id),
    refetchInterval: ({ state }) => ((state.data?.length ?? 0) > 0 ? MOVING_REFETCH_MS : false),
  });
  return (
    <Loaded query={query}>
      {(formers) =>
        formers.length === 0 ? (
          <p className="k-quiet">{t('rootKey.former.none')}</p>
        ) : (
          <div className="k-form">
            {formers.map((former) => (
              <FormerCard key={former.id} former={former} />
            ))}
          </div>
        )
      }
    </Loaded>
  );
}

function FormerCard({ former }: { readonly former: Former }) {
  const { t } = useTranslation();
  const moved = former.progress?.keys_moved ?? 0;
  return (
    <div className="k-card" role="group" aria-label={t('rootKey.former.one', { id: rootKeyIdOf(former.crn) })}>
      <Facts
        facts={[
          [t('rootKey.id'), <Copyable key="i" what={t('rootKey.id')} text={rootKeyIdOf(former.crn)} />],
          [t('rootKey.provider'), t(`provider.${former.provider}`)],
          former.provider_ends_on !== undefined && [
            t('rootKey.ends.title'),
            <CalendarDay key="e" at={former.provider_ends_on} />,
          ],
          [t('rootKey.former.replaced'), <Moment key="r" at={former.replaced_at} />],
        ]}
      />
      <MoveProgress
        state={former.state}
        left={former.keys_left}
        total={former.keys_left + moved}
        progress={former.progress}
        message={former.message}
        completesAt={former.completes_at}
      />
      <FormerActions former={former} />
    </div>
  );
}

function FormerActions({ former }: { readonly former: Former }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [asked, setAsked] = useState<'api_key' | 'roll_back'>();
  const path = { instance_id: instance.id, id: former.id };
  const pause = useChange(instance.id, ['root_key', 'instance'], () =>
    answerOf(
      api.PATCH('/v1/instances/{instance_id}/former_root_keys/{id}', {
        params: { path },
        body: { paused: !former.paused },
      }),
    ),
  );
  const retry = useChange(instance.id, ['root_key', 'instance'], () =>
    answerOf(api.POST('/v1/instances/{instance_id}/former_root_keys/{id}/retry', { params: { path } })),
  );
  const close = (): void => setAsked(undefined);
  const error = pause.error ?? retry.error;
  const verdict = may('root-key.set');
  return (
    <>
      {error && <ProblemView problem={asProblem(error)} />}
      <div className="k-actions">
        <ActionButton
          kind="tertiary"
          size="sm"
          verdict={verdict}
          disabled={pause.isPending}
          onClick={() => pause.mutate()}
        >
          {t(former.paused ? 'rootKey.former.resume' : 'rootKey.former.pause')}
        </ActionButton>
        {(former.state === 'hindered' || former.state === 'staying') && (
          <ActionButton
            kind="tertiary"
            size="sm"
            verdict={verdict}
            disabled={retry.isPending}
            onClick={() => retry.mutate()}
          >
            {t('rootKey.former.retry')}
          </ActionButton>
        )}
        <ActionButton
          kind="tertiary"
          size="sm"
          verdict={verdict.allowed ? may('credential.set') : verdict}
          onClick={() => setAsked('api_key')}
        >
          {t('rootKey.former.apiKey.act')}
        </ActionButton>
        <ActionButton kind="danger--ghost" size="sm" verdict={verdict} onClick={() => setAsked('roll_back')}>
          {t('rootKey.former.rollBack')}
        </ActionButton>
      </div>
      {asked === 'api_key' && <FormerApiKey former={former} onClose={close} />}
      {asked === 'roll_back' && <RollBack former={former} onClose={close} />}
    </>
  );
}
