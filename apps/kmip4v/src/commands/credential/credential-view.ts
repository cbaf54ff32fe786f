import { type components } from '@lib/tenant-api-client';

import { type Columns } from '../../output/table';
import { time } from '../../output/views';

export const CREDENTIAL_FIELDS: Columns<components['schemas']['InstanceCredential']> = [
  ['service ID', ({ iam_id: id }) => id],
  ['updated', ({ updated_at: at }) => time(at)],
];
