import { command } from '../../command-line/command';
import { listed } from '../../output/answer';
import { type Columns } from '../../output/table';
import { day } from '../../output/views';
import { collected } from '../../tenant/asking';
import { type KeyManager } from '../../tenant/resources';

const COLUMNS: Columns<KeyManager> = [
  ['name', ({ name }) => name],
  ['id', ({ id }) => id, 'whole'],
  ['region', ({ region }) => region],
  ['provider', ({ provider }) => provider],
  ['ends on', ({ provider_ends_on: on }) => day(on)],
];

export const keyManagerList = command({
  name: 'list',
  about: 'List the key managers that the stored credential can see',
  async run(_given, context) {
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance };
    const items = await collected(
      (query) => api.GET('/v1/instances/{instance_id}/key_managers', { params: { path, query } }),
      ({ key_managers: managers }) => managers,
    );
    return listed(items, COLUMNS, 'The stored credential can see no key manager.');
  },
});
