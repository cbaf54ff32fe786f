import { type Columns } from '../../output/table';
import { time, word } from '../../output/views';
import { type AuditEvent, type AuditHead } from '../../tenant/resources';

/** Before every action of ours. */
const PREFIX = /^vmware-solutions\./;

export const EVENT_COLUMNS: Columns<AuditEvent> = [
  ['id', ({ id }) => id, 'whole'],
  ['at', ({ occurred_at: at }) => time(at), 'whole'],
  ['action', ({ action }) => action.replace(PREFIX, '')],
  [
    'outcome',
    ({ outcome, reason }) => (outcome === 'success' ? word(outcome) : { text: reason ?? outcome, tone: 'bad' }),
  ],
  ['by', ({ initiator: { name, id } }) => name ?? id],
  ['from', ({ initiator: { address } }) => address],
  ['target', ({ target }) => target?.name ?? target?.id],
];

export const EVENT_FIELDS: Columns<AuditEvent> = [
  ...EVENT_COLUMNS,
  ['target, identifier', ({ target }) => target && `${target.resource_type} ${target.id}`],
  ['observer', ({ observer }) => observer],
  ['correlation id', ({ correlation_id: id }) => id],
  ['took', ({ latency_ms: took }) => took && `${took} ms`],
  ['details', ({ details }) => details.map(({ name, value }) => `${name}=${value}`).join(', ')],
  ['chain hash', ({ chain_hash: hash }) => hash],
];

export const HEAD_COLUMNS: Columns<AuditHead> = [
  ['signed', ({ signed_at: at }) => time(at)],
  ['state', ({ state }) => word(state)],
  [
    'contradiction',
    ({ contradiction }) => (contradiction === 'none' ? undefined : { text: contradiction, tone: 'bad' }),
  ],
  ['event', ({ seq }) => seq],
  ['hash', ({ hash }) => hash, 'whole'],
  ['key', ({ key_id: key }) => key],
];
