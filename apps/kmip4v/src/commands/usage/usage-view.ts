import { type Columns } from '../../output/table';
import { time } from '../../output/views';
import { type UsageRecord } from '../../tenant/resources';

export const USAGE_COLUMNS: Columns<UsageRecord> = [
  ['id', ({ id }) => id, 'whole'],
  ['from', ({ started_at: at }) => time(at)],
  ['to', ({ ended_at: at }) => time(at)],
  ['live keys', ({ live_keys: keys }) => keys],
  ['client certificates', ({ client_certificates: certificates }) => certificates],
];
