import { ProgressBar } from '@carbon/react';
import { useTranslation } from 'react-i18next';

import { type Schemas } from '../../api/schema';
import { Facts } from '../../components/facts';
import { Status, type Tone } from '../../components/status';
import { Moment, useTimes, When } from '../../components/times';
import { useWords } from '../../i18n/words';

type State = Schemas['InstanceKeyMoveState'];

const TONES: Readonly<Record<State, Tone>> = {
  moving: 'busy',
  paused: 'paused',
  hindered: 'bad',
  staying: 'warning',
  settling: 'busy',
};

interface MoveProgressProps {
  readonly state: State;
  readonly left: number;
  readonly total: number;
  readonly progress: Schemas['InstanceKeyMoveProgress'] | undefined;
  readonly message: string;
  readonly completesAt?: string | undefined;
}

/** How far keys are on their way, how fast, and what is in the way of which root key. It goes on when nobody looks. */
export function MoveProgress({ state, left, total, progress, message, completesAt }: MoveProgressProps) {
  const { t, i18n } = useTranslation();
  const { number } = useTimes();
  const moved = Math.max(0, total - left);
  return (
    <div className="k-move">
      <Status tone={TONES[state]}>{t(`move.state.${state}`)}</Status>
      <ProgressBar
        label={t('move.moved', { moved: number(moved), total: number(total) })}
        max={Math.max(total, 1)}
        value={moved}
        status={state === 'hindered' ? 'error' : 'active'}
        size="big"
      />
      {i18n.language === 'en' ? <p>{message}</p> : state === 'settling' && <p>{t('move.settling')}</p>}
      <Facts
        facts={[
          [t('move.leftTitle'), number(left)],
          progress !== undefined && [t('move.rate'), t('move.perMinute', { count: progress.keys_per_minute })],
          completesAt !== undefined && [
            t('move.completes'),
            <span key="c">
              <When at={completesAt} /> · <Moment at={completesAt} />
            </span>,
          ],
          progress !== undefined && [t('move.began'), <Moment key="b" at={progress.started_at} />],
          progress !== undefined && [t('move.looked'), <When key="l" at={progress.updated_at} />],
        ]}
      />
      {progress?.hindrance && <Hindrance hindrance={progress.hindrance} />}
      {progress?.staying.map(({ reason, keys }) => (
        <p key={reason}>
          <Status tone="warning">
            {t('move.stayingKeys', { count: keys })} <Reason reason={reason} />
          </Status>
        </p>
      ))}
    </div>
  );
}

function Reason({ reason }: { readonly reason: string }) {
  const said = useWords();
  const { text } = said('staying', reason, reason.replaceAll('_', ' '));
  return <>{text}</>;
}

function Hindrance({ hindrance }: { readonly hindrance: Schemas['InstanceKeyMoveHindrance'] }) {
  const { t } = useTranslation();
  const said = useWords();
  const { text, lang } = said('hindrance', hindrance.code, hindrance.message);
  return (
    <div className="k-card k-card--bad" role="group" aria-label={t('move.hindrance')}>
      <p lang={lang}>{text}</p>
      <p className="k-quiet">
        {hindrance.root_key_id !== undefined && (
          <>
            {t('move.atRootKey')} <code>{hindrance.root_key_id}</code>
            {' · '}
          </>
        )}
        {t('health.since')} <Moment at={hindrance.since} /> · {t('move.retry')} <When at={hindrance.retry_at} />
      </p>
    </div>
  );
}
