import { type components } from '@lib/tenant-api-client';

import { command, value } from '../../command-line/command';
import { listed } from '../../output/answer';
import { type Columns } from '../../output/table';
import { time } from '../../output/views';
import { NewPrivateFile } from '../../profiles/private-file';
import { answerOf } from '../../tenant/asking';

const COLUMNS: Columns<components['schemas']['InstanceAuditKey']> = [
  ['key', ({ kid }) => kid, 'whole'],
  ['signs with', ({ alg, crv }) => `${alg}, ${crv}`],
  ['from', ({ not_before: at }) => time(at)],
  ['until', ({ not_after: at }) => time(at)],
];

export const auditKeys = command({
  name: 'keys',
  about: 'Get the public keys that heads and records are signed with, to be kept',
  options: { out: value('FILE', 'where to write them, as `verify` reads them') },
  async run({ out }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    const set = await answerOf(api.GET('/v1/instances/{instance_id}/audit_key_set', { params }));
    if (out !== undefined) await (await NewPrivateFile.open(out)).fill(`${JSON.stringify(set, null, 2)}\n`);
    return listed(set.keys, COLUMNS, 'The service signs nothing.');
  },
});
