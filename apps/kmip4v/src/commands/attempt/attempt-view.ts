import { type Columns } from '../../output/table';
import { bad, colons, time } from '../../output/views';
import { type ConnectionAttempt } from '../../tenant/resources';

export const ATTEMPT_COLUMNS: Columns<ConnectionAttempt> = [
  ['last', ({ last_at: at }) => time(at)],
  ['from', ({ address }) => address],
  ['on', ({ endpoint }) => endpoint],
  ['verdict', ({ verdict }) => (verdict === 'accepted' ? { text: verdict, tone: 'good' } : bad(verdict))],
  ['times', ({ occurrences }) => occurrences],
  ['certificate', ({ certificate }) => certificate?.subject],
  ['id', ({ id }) => id, 'whole'],
];

export const ATTEMPT_FIELDS: Columns<ConnectionAttempt> = [
  ...ATTEMPT_COLUMNS,
  ['first', ({ first_at: at }) => time(at)],
  ['message', ({ message }) => message],
  ['remedy', ({ remedy }) => remedy],
  ['SHA-256', ({ certificate }) => certificate && colons(certificate.sha256_fingerprint)],
  ['SHA-1', ({ certificate }) => certificate?.sha1_fingerprint && colons(certificate.sha1_fingerprint)],
  ['issuer', ({ certificate }) => certificate?.issuer],
  ['serial number', ({ certificate }) => certificate?.serial_number],
  ['expires', ({ certificate }) => time(certificate?.expires_at)],
  ['nearest certificate', ({ nearest_certificate: nearest }) => nearest?.name],
];
