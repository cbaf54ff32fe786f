import { command, value } from '../../command-line/command';
import { listed } from '../../output/answer';
import { collected, countIn } from '../../tenant/asking';
import { EVENT_COLUMNS } from './audit-view';
import { SEARCH, searchQuery } from './events';

const MOST = 100;

export const auditList = command({
  name: 'list',
  about: 'Search the audit trail, the newest events first',
  options: { ...SEARCH, limit: value('NUMBER', `no more than that (default: ${MOST})`) },
  async run(given, context) {
    const most = countIn('--limit', given.limit) ?? MOST;
    const { api, instance } = await context.tenant();
    const [path, query] = [{ instance_id: instance }, searchQuery(given)];
    const items = await collected(
      (page) => api.GET('/v1/instances/{instance_id}/audit_events', { params: { path, query: { ...page, ...query } } }),
      ({ audit_events: events }) => events,
      most,
    );
    if (items.length === most) context.out.note(`There may be older ones: these are the newest ${most} (--limit).`);
    return listed(items, EVENT_COLUMNS, 'There is no such event.');
  },
});
