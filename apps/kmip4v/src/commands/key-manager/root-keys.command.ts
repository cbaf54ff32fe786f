import { argument, command } from '../../command-line/command';
import { listed } from '../../output/answer';
import { type Columns } from '../../output/table';
import { word } from '../../output/views';
import { collected } from '../../tenant/asking';
import { type KeyManagerRootKey } from '../../tenant/resources';

const COLUMNS: Columns<KeyManagerRootKey> = [
  ['name', ({ name }) => name],
  ['state', ({ state }) => word(state)],
  ['usable', ({ usable }) => usable],
  ['CRN', ({ crn }) => crn, 'whole'],
];

export const keyManagerRootKeys = command({
  name: 'root-keys',
  about: 'List the root keys of a key manager that the stored credential can see',
  arguments: { id: argument('of the key manager') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance, key_manager_id: id };
    const items = await collected(
      (query) =>
        api.GET('/v1/instances/{instance_id}/key_managers/{key_manager_id}/root_keys', { params: { path, query } }),
      ({ root_keys: rootKeys }) => rootKeys,
    );
    return listed(items, COLUMNS, 'The stored credential can see no root key there.');
  },
});
