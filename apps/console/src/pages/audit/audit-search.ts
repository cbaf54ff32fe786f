import { type operations } from '../../api/schema';

export type AuditQuery = NonNullable<operations['list_instance_audit_events']['parameters']['query']>;

/** The filters as the API names them, in the address. */
export const AUDIT_FILTERS = ['action', 'outcome', 'initiator', 'target', 'correlation', 'from', 'to'] as const;

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const PAGE = 50;

/** The time asked for, whole days. */
export function periodOf(search: URLSearchParams): { readonly occurred_at?: string } {
  const [from, to] = [search.get('from') ?? '', search.get('to') ?? ''];
  const comparisons = [
    ...(DAY.test(from) ? [`gte:${from}`] : []),
    ...(DAY.test(to) ? [`lt:${new Date(Date.parse(to) + 86_400_000).toISOString().slice(0, 10)}`] : []),
  ];
  return comparisons.length === 0 ? {} : { occurred_at: comparisons.join(',') };
}

export function auditQueryOf(search: URLSearchParams): AuditQuery {
  const text = (name: string): string => search.get(name)?.trim() ?? '';
  const outcome = text('outcome');
  const start = search.get('start');
  return {
    limit: PAGE,
    ...(text('action') !== '' && { action: text('action') }),
    ...(outcome === 'success' || outcome === 'failure' ? { outcome } : {}),
    ...(text('initiator') !== '' && { 'initiator.id': text('initiator') }),
    ...(text('target') !== '' && { 'target.id': text('target') }),
    ...(text('correlation') !== '' && { correlation_id: text('correlation') }),
    ...periodOf(search),
    ...(start !== null && { start }),
  };
}
