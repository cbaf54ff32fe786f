import { type Columns } from '../../output/table';
import { ownerText, time, word } from '../../output/views';
import { type Inventory, type QuarantinedKey, type ReclaimCandidate } from '../../tenant/resources';

export const INVENTORY_FIELDS: Columns<Inventory> = [
  ['taken', ({ taken_at: at }) => time(at)],
  ['source', ({ source }) => source],
  ['keys', ({ key_count: keys }) => keys],
  ['uploaded', ({ uploaded_at: at, uploaded_by: by }) => `${time(at) ?? ''} by ${by}`],
  ['counts until', ({ valid_until: at }) => time(at)],
  ['counts', ({ valid }) => valid],
  ['certificates covered', ({ covered_certificates: covered }) => covered.length],
  ['certificates without keys', ({ certificates_without_keys: without }) => without.length],
  [
    'says nothing of',
    ({ uncovered_certificates: uncovered }) =>
      uncovered.length > 0
        ? { text: uncovered.map(({ name, sha256_fingerprint: sha256 }) => name ?? sha256).join(', '), tone: 'bad' }
        : undefined,
  ],
];

export const CANDIDATE_COLUMNS: Columns<ReclaimCandidate> = [
  ['id', ({ id }) => id, 'whole'],
  ['belonged to', ({ owner }) => ownerText(owner)],
  ['name', ({ name }) => name],
  ['state', ({ state }) => word(state)],
  ['created', ({ created_at: at }) => time(at)],
  ['last fetched', ({ last_fetched_at: at }) => time(at)],
];

export const QUARANTINED_COLUMNS: Columns<QuarantinedKey> = [
  ['id', ({ id }) => id, 'whole'],
  ['belonged to', ({ owner }) => ownerText(owner)],
  ['name', ({ name }) => name],
  ['until', ({ quarantined_until: at }) => time(at)],
  [
    'asked for',
    ({ asked_for: asked }) => asked && { text: `${time(asked.at) ?? ''} from ${asked.address ?? '?'}`, tone: 'bad' },
  ],
  ['message', ({ message }) => message],
];
