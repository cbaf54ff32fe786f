import { type Columns } from '../../output/table';
import { time, word } from '../../output/views';
import { type Webhook } from '../../tenant/resources';

export const WEBHOOK_FIELDS: Columns<Omit<Webhook, 'secret'>> = [
  ['url', ({ url }) => url],
  ['state', ({ state }) => word(state)],
  ['names of machines', ({ vm_names: names }) => names],
  ['events waiting', ({ events_waiting: events }) => events],
  ['events skipped', ({ events_skipped: events }) => events],
  ['last delivered', ({ last_delivered_at: at }) => time(at)],
  ['last failure', ({ last_failure: failure }) => failure && `${time(failure.at) ?? ''} ${failure.message}`],
  ['next attempt', ({ next_attempt_at: at }) => time(at)],
];
