import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { allOf, answerOf, api } from './client';
import { type operations } from './schema';

/** What can be fetched of an instance; an event of the service names the ones that are to be fetched anew. */
export type Topic =
  | 'instance'
  | 'certificates'
  | 'kmip_credentials'
  | 'root_key'
  | 'keys'
  | 'shred_plans'
  | 'audit'
  | 'usage'
  | 'attempts'
  | 'webhook'
  | 'reclaim'
  | 'permissions';

/** Everything of an instance begins with these two, so that all of it can be fetched anew at once. */
export const keyOf = (instanceId: string, topic: Topic, ...rest: readonly unknown[]) =>
  ['instances', instanceId, topic, ...rest] as const;

const LIMIT = 100;

export const instancesQuery = queryOptions({
  queryKey: ['instances'],
  queryFn: ({ signal }) =>
    allOf(
      (start) => api.GET('/v1/instances', { params: { query: { limit: LIMIT, ...start } }, signal }),
      ({ instances }) => instances,
    ),
});

export const instanceQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf(id, 'instance'),
    queryFn: ({ signal }) => answerOf(api.GET('/v1/instances/{id}', { params: { path: { id } }, signal })),
  });

export const certificatesQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'certificates'),
    queryFn: ({ signal }) =>
      allOf(
        (start) =>
          api.GET('/v1/instances/{instance_id}/client_certificates', {
            params: { path: { instance_id }, query: { limit: LIMIT, ...start } },
            signal,
          }),
        ({ client_certificates }) => client_certificates,
      ),
  });

export const certificateQuery = (instance_id: string, id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'certificates', id),
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/v1/instances/{instance_id}/client_certificates/{id}', {
          params: { path: { instance_id, id } },
          signal,
        }),
      ),
  });

export interface AttemptFilter {
  readonly verdict?: string;
  readonly start?: string;
}

/** The newest first, a page at a time. */
export const attemptsQuery = (instance_id: string, filter: AttemptFilter = {}) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'attempts', filter),
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/v1/instances/{instance_id}/connection_attempts', {
          params: { path: { instance_id }, query: { limit: 50, ...filter } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** Wherever a client was let in, by all certificates: whoever removes one has to see all of its places. */
export const sightingsQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'attempts', 'sightings'),
    queryFn: ({ signal }) =>
      allOf(
        (start) =>
          api.GET('/v1/instances/{instance_id}/connection_attempts', {
            params: { path: { instance_id }, query: { limit: LIMIT, verdict: 'accepted', ...start } },
            signal,
          }),
        ({ connection_attempts }) => connection_attempts,
      ),
  });

export const claimsQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'attempts', 'claims'),
    queryFn: ({ signal }) =>
      allOf(
        (start) =>
          api.GET('/v1/instances/{instance_id}/certificate_claims', {
            params: { path: { instance_id }, query: { limit: LIMIT, ...start } },
            signal,
          }),
        ({ certificate_claims }) => certificate_claims,
      ),
  });

export const kmipCredentialsQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'kmip_credentials'),
    queryFn: ({ signal }) =>
      allOf(
        (start) =>
          api.GET('/v1/instances/{instance_id}/kmip_credentials', {
            params: { path: { instance_id }, query: { limit: LIMIT, ...start } },
            signal,
          }),
        ({ kmip_credentials }) => kmip_credentials,
      ),
  });

export const keysQuery = (
  instance_id: string,
  query: NonNullable<operations['list_instance_keys']['parameters']['query']>,
) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'keys', query),
    queryFn: ({ signal }) =>
      answerOf(api.GET('/v1/instances/{instance_id}/keys', { params: { path: { instance_id }, query }, signal })),
    placeholderData: keepPreviousData,
  });

export const keyQuery = (instance_id: string, id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'keys', id),
    queryFn: ({ signal }) =>
      answerOf(api.GET('/v1/instances/{instance_id}/keys/{id}', { params: { path: { instance_id, id } }, signal })),
  });

type AuditQuery = NonNullable<operations['list_instance_audit_events']['parameters']['query']>;

/** The newest first, a page at a time. */
export const auditQuery = (instance_id: string, query: AuditQuery) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'audit', query),
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/v1/instances/{instance_id}/audit_events', { params: { path: { instance_id }, query }, signal }),
      ),
    placeholderData: keepPreviousData,
  });

export const auditHeadQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'audit', 'head'),
    queryFn: ({ signal }) =>
      answerOf(api.GET('/v1/instances/{instance_id}/audit_head', { params: { path: { instance_id } }, signal })),
  });

export const shredPlansQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'shred_plans'),
    queryFn: ({ signal }) =>
      allOf(
        (start) =>
          api.GET('/v1/instances/{instance_id}/shred_plans', {
            params: { path: { instance_id }, query: { limit: LIMIT, ...start } },
            signal,
          }),
        ({ shred_plans }) => shred_plans,
      ),
  });

export const shredPlanQuery = (instance_id: string, id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'shred_plans', id),
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/v1/instances/{instance_id}/shred_plans/{id}', { params: { path: { instance_id, id } }, signal }),
      ),
  });

export const shredPlanKeysQuery = (instance_id: string, id: string, start: string | undefined) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'shred_plans', id, 'keys', start),
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/v1/instances/{instance_id}/shred_plans/{id}/keys', {
          params: { path: { instance_id, id }, query: { limit: 50, ...(start !== undefined && { start }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const rootKeyQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'root_key', 'bound'),
    queryFn: ({ signal }) =>
      answerOf(api.GET('/v1/instances/{instance_id}/root_key', { params: { path: { instance_id } }, signal })),
  });

export const credentialQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'root_key', 'credential'),
    queryFn: ({ signal }) =>
      answerOf(api.GET('/v1/instances/{instance_id}/credential', { params: { path: { instance_id } }, signal })),
  });

export const formerRootKeysQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'root_key', 'former'),
    queryFn: ({ signal }) =>
      allOf(
        (start) =>
          api.GET('/v1/instances/{instance_id}/former_root_keys', {
            params: { path: { instance_id }, query: { limit: LIMIT, ...start } },
            signal,
          }),
        ({ former_root_keys }) => former_root_keys,
      ),
  });

export const keyManagersQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'root_key', 'key_managers'),
    queryFn: ({ signal }) =>
      allOf(
        (start) =>
          api.GET('/v1/instances/{instance_id}/key_managers', {
            params: { path: { instance_id }, query: { limit: LIMIT, ...start } },
            signal,
          }),
        ({ key_managers }) => key_managers,
      ),
    retry: false,
  });

export const keyManagerRootKeysQuery = (instance_id: string, key_manager_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'root_key', 'key_managers', key_manager_id),
    queryFn: ({ signal }) =>
      allOf(
        (start) =>
          api.GET('/v1/instances/{instance_id}/key_managers/{key_manager_id}/root_keys', {
            params: { path: { instance_id, key_manager_id }, query: { limit: LIMIT, ...start } },
            signal,
          }),
        ({ root_keys }) => root_keys,
      ),
    retry: false,
  });

export const webhookQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'webhook'),
    queryFn: ({ signal }) =>
      answerOf(api.GET('/v1/instances/{instance_id}/webhook', { params: { path: { instance_id } }, signal })),
  });

export const inventoryQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'reclaim', 'inventory'),
    queryFn: ({ signal }) =>
      answerOf(api.GET('/v1/instances/{instance_id}/inventory', { params: { path: { instance_id } }, signal })),
  });

export const candidatesQuery = (instance_id: string, start: string | undefined) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'reclaim', 'candidates', start),
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/v1/instances/{instance_id}/reclaim_candidates', {
          params: { path: { instance_id }, query: { limit: 50, ...(start !== undefined && { start }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const quarantineQuery = (instance_id: string, start: string | undefined) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'reclaim', 'quarantine', start),
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/v1/instances/{instance_id}/quarantined_keys', {
          params: { path: { instance_id }, query: { limit: 50, ...(start !== undefined && { start }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const permissionsQuery = (instance_id: string) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'permissions'),
    queryFn: async ({ signal }) => {
      const { permissions } = await answerOf(
        api.GET('/v1/instances/{instance_id}/permissions', { params: { path: { instance_id } }, signal }),
      );
      return permissions;
    },
    staleTime: 60_000,
  });

export const usageQuery = (instance_id: string, days: number) =>
  queryOptions({
    queryKey: keyOf(instance_id, 'usage', days),
    queryFn: ({ signal }) =>
      allOf(
        (start) =>
          api.GET('/v1/instances/{instance_id}/usage_records', {
            params: { path: { instance_id }, query: { limit: LIMIT, started_at: `gte:${daysAgo(days)}`, ...start } },
            signal,
          }),
        ({ usage_records }) => usage_records,
      ),
  });

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
