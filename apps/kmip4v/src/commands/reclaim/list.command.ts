import { command, value } from '../../command-line/command';
import { listed } from '../../output/answer';
import { collected, countIn } from '../../tenant/asking';
import { CANDIDATE_COLUMNS } from './reclaim-view';

export const reclaimList = command({
  name: 'list',
  about: 'List the keys that nothing speaks for: not in the inventory, nor made or fetched since',
  options: { limit: value('NUMBER', 'no more than that') },
  async run({ limit }, context) {
    const most = countIn('--limit', limit);
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance };
    const items = await collected(
      (query) => api.GET('/v1/instances/{instance_id}/reclaim_candidates', { params: { path, query } }),
      ({ reclaim_candidates: candidates }) => candidates,
      most,
    );
    return listed(items, CANDIDATE_COLUMNS, 'Something speaks for every key.');
  },
});
