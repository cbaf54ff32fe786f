import { type Columns } from '../../output/table';
import { time } from '../../output/views';
import { type KmipCredential } from '../../tenant/resources';

export const KMIP_CREDENTIAL_COLUMNS: Columns<KmipCredential> = [
  ['id', ({ id }) => id, 'whole'],
  ['user name', ({ username }) => username, 'whole'],
  ['created', ({ created_at: at }) => time(at)],
];
