import { command, optionalArgument } from '../../command-line/command';
import { listed, shown } from '../../output/answer';
import { answerOf, collected } from '../../tenant/asking';
import { QUARANTINED_COLUMNS } from './reclaim-view';

export const reclaimQuarantined = command({
  name: 'quarantined',
  about: 'List the keys in quarantine, or show one',
  arguments: { key: optionalArgument('identifier of one') },
  async run({ key }, context) {
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance };
    if (key !== undefined) {
      const params = { path: { ...path, id: key } };
      const call = api.GET('/v1/instances/{instance_id}/quarantined_keys/{id}', { params });
      return shown(await answerOf(call), QUARANTINED_COLUMNS);
    }
    const items = await collected(
      (query) => api.GET('/v1/instances/{instance_id}/quarantined_keys', { params: { path, query } }),
      ({ quarantined_keys: keys }) => keys,
    );
    return listed(items, QUARANTINED_COLUMNS, 'No key is in quarantine.');
  },
});
