import { command, value } from '../../command-line/command';
import { listed } from '../../output/answer';
import { collected, countIn, present } from '../../tenant/asking';
import { USAGE_COLUMNS } from './usage-view';

export const usageList = command({
  name: 'list',
  about: 'List what was used, hour by hour',
  options: {
    started: value('TIME', 'only records that start then, e.g. gte:2026-11-01'),
    limit: value('NUMBER', 'no more than that'),
  },
  async run({ started, limit }, context) {
    const most = countIn('--limit', limit);
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance };
    const query = present({ started_at: started });
    const items = await collected(
      (page) =>
        api.GET('/v1/instances/{instance_id}/usage_records', { params: { path, query: { ...page, ...query } } }),
      ({ usage_records: records }) => records,
      most,
    );
    return listed(items, USAGE_COLUMNS, 'Nothing was recorded in that time.');
  },
});
