import { command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { INVENTORY_FIELDS } from './reclaim-view';

export const reclaimInventory = command({
  name: 'inventory',
  about: 'Show when the inventory of keys in use was taken, and until when it counts',
  async run(_given, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    return shown(await answerOf(api.GET('/v1/instances/{instance_id}/inventory', { params })), INVENTORY_FIELDS);
  },
});
