import { argument, command } from '../../command-line/command';
import { listed } from '../../output/answer';
import { collected } from '../../tenant/asking';
import { PLAN_KEY_COLUMNS } from './shred-view';

export const shredKeys = command({
  name: 'keys',
  about: 'List the keys of a shred plan, with what is known of copies of them',
  arguments: { plan: argument('its identifier') },
  async run({ plan }, context) {
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance, id: plan };
    const items = await collected(
      (query) => api.GET('/v1/instances/{instance_id}/shred_plans/{id}/keys', { params: { path, query } }),
      ({ keys }) => keys,
    );
    return listed(items, PLAN_KEY_COLUMNS, 'The plan has no keys.');
  },
});
