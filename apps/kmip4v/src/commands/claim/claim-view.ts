import { type Columns } from '../../output/table';
import { time } from '../../output/views';
import { type CertificateClaim } from '../../tenant/resources';

export const CLAIM_COLUMNS: Columns<CertificateClaim> = [
  ['id', ({ id }) => id, 'whole'],
  ['kind', ({ kind }) => kind],
  ['value', ({ value }) => value],
  ['refused', ({ refused_connections: refused }) => refused],
  ['message', ({ message }) => message],
  ['created', ({ created_at: at }) => time(at)],
];
