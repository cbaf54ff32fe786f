import { useTranslation } from 'react-i18next';

import { type Schemas } from '../../api/schema';
import { Copyable } from '../../components/copyable';
import { Facts } from '../../components/facts';
import { Status, type Tone } from '../../components/status';
import { Moment, useTimes } from '../../components/times';
import { useWords } from '../../i18n/words';

type Webhook = Schemas['InstanceWebhook'];

const TONES: Readonly<Record<Webhook['state'], Tone>> = { untried: 'none', well: 'good', failing: 'bad', gone: 'bad' };
/** From here on the service counts no further. */
const MANY = 100;

/** How it goes: what was taken, what waits, and what was in the way last. */
export function Deliveries({ webhook }: { readonly webhook: Webhook }) {
  const { t } = useTranslation();
  const { number } = useTimes();
  const waiting = webhook.events_waiting;
  return (
    <>
      <Status tone={TONES[webhook.state]}>{t(`webhook.state.${webhook.state}`)}</Status>
      {webhook.state === 'gone' && <p>{t('webhook.goneText')}</p>}
      <Facts
        facts={[
          [t('webhook.url'), <Copyable key="u" what={t('webhook.url')} text={webhook.url} />],
          [t('webhook.names'), t(webhook.vm_names ? 'common.yes' : 'common.no')],
          [t('webhook.delivered'), <Moment key="d" at={webhook.last_delivered_at} />],
          [t('webhook.waiting'), waiting >= MANY ? t('webhook.many', { count: MANY }) : number(waiting)],
          [t('webhook.skipped'), number(webhook.events_skipped)],
          webhook.last_skipped_at !== undefined && [
            t('webhook.lastSkipped'),
            <Moment key="s" at={webhook.last_skipped_at} />,
          ],
          webhook.last_failure && [t('webhook.failure'), <Failure key="f" failure={webhook.last_failure} />],
          webhook.next_attempt_at !== undefined && [t('webhook.next'), <Moment key="n" at={webhook.next_attempt_at} />],
        ]}
      />
    </>
  );
}

interface FailureProps {
  readonly failure: Schemas['InstanceWebhookTestFailure'] & { readonly at?: string };
}

/** Why nobody took it. */
export function Failure({ failure: { reason, message, status_code, at } }: FailureProps) {
  const { t } = useTranslation();
  const { text, lang } = useWords()('webhook_failure', reason, message);
  return (
    <>
      <span lang={lang}>{text}</span>
      {lang === undefined && status_code !== undefined && <> {t('webhook.status', { status: status_code })}</>}
      {at !== undefined && (
        <>
          {' · '}
          <Moment at={at} />
        </>
      )}
    </>
  );
}
