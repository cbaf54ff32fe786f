import { command, value } from '../../command-line/command';
import { listed } from '../../output/answer';
import { collected, countIn } from '../../tenant/asking';
import { HEAD_COLUMNS } from './audit-view';

export const auditHeads = command({
  name: 'heads',
  about: 'List the heads that were signed',
  options: { limit: value('NUMBER', 'no more than that') },
  async run({ limit }, context) {
    const most = countIn('--limit', limit);
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance };
    const items = await collected(
      (query) => api.GET('/v1/instances/{instance_id}/audit_heads', { params: { path, query } }),
      ({ audit_heads: heads }) => heads,
      most,
    );
    return listed(items, HEAD_COLUMNS, 'No head was signed yet.');
  },
});
