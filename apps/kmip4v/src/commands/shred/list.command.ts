import { command } from '../../command-line/command';
import { listed } from '../../output/answer';
import { collected } from '../../tenant/asking';
import { PLAN_COLUMNS } from './shred-view';

export const shredList = command({
  name: 'list',
  about: 'List the shred plans',
  async run(_given, context) {
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance };
    const items = await collected(
      (query) => api.GET('/v1/instances/{instance_id}/shred_plans', { params: { path, query } }),
      ({ shred_plans: plans }) => plans,
    );
    return listed(items, PLAN_COLUMNS, 'There is no shred plan.');
  },
});
