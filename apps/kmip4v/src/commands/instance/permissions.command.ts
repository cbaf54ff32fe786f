import { command, flag } from '../../command-line/command';
import { listed } from '../../output/answer';
import { type Columns } from '../../output/table';
import { answerOf } from '../../tenant/asking';
import { type Permission } from '../../tenant/resources';

const COLUMNS: Columns<Permission> = [
  ['action', ({ action }) => action],
  ['allowed', ({ allowed }) => ({ text: allowed ? 'yes' : 'no', tone: allowed ? 'good' : 'warning' })],
  ['least role', ({ needed_role: role }) => role],
];

export const instancePermissions = command({
  name: 'permissions',
  about: 'List what you may do on the instance, and which role the rest takes',
  options: { denied: flag('only what you may not do') },
  async run({ denied }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    const { permissions } = await answerOf(api.GET('/v1/instances/{instance_id}/permissions', { params }));
    const wanted = permissions.filter(({ allowed }) => !denied || !allowed);
    return listed(wanted, COLUMNS, 'You may do everything.');
  },
});
