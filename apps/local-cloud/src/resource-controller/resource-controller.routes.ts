import { randomUUID } from 'node:crypto';
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type Cloud } from '../cloud';
import { watchTraffic } from '../http/traffic';
import { verifyCaller } from '../iam/caller';
import { PLATFORM_ROLES } from '../iam/roles';
import { type TokenClaims } from '../iam/token-claims';
import { type InstanceRow } from '../journal/rows';
import { endpointsOf, instanceCrn } from './instance-record';

class ResourceControllerError extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 410,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const MAX_LIMIT = 100;

type Query = Readonly<Record<string, string | string[] | undefined>>;

/** Finds instances: any platform role on an instance shows it, service roles do not. */
export function registerResourceController(app: FastifyInstance, cloud: Cloud): void {
  app.register(
    (scope, _options, done) => {
      watchTraffic(scope, cloud, 'resource-controller');
      scope.setErrorHandler((error, request, reply) => {
        const known = error instanceof ResourceControllerError;
        const status = known ? error.status : ((error as { statusCode?: number }).statusCode ?? 500);
        if (status >= 500) request.log.error(error);
        return reply.code(status).send({
          error_code: known ? error.code : 'RC-InternalError',
          message: known ? error.message : 'The request cannot be served.',
          status_code: status,
          transaction_id: randomUUID(),
        });
      });
      scope.get<{ Querystring: Query }>(
        '/v2/resource_instances',
        { config: { operation: 'instances.list' } },
        (request) => list(cloud, requireCaller(cloud, request), request.query),
      );
      scope.get<{ Params: { id: string } }>(
        '/v2/resource_instances/:id',
        { config: { operation: 'instances.read' } },
        (request) => {
          const caller = requireCaller(cloud, request);
          const row = cloud.store.get('instance', guidOf(request.params.id));
          // What one may not see does not exist.
          if (!row || !visibleTo(cloud, caller, row)) {
            throw new ResourceControllerError(
              404,
              'RC-ResourceInstanceNotFound',
              'The resource instance does not exist.',
            );
          }
          if (row.state === 'removed' && cloud.behaviour.settings.removedInstances === 'gone') {
            throw new ResourceControllerError(410, 'RC-ResourceInstanceGone', 'The resource instance was removed.');
          }
          return represent(cloud, row);
        },
      );
      done();
    },
    { prefix: '/resource-controller' },
  );
}

function requireCaller(cloud: Cloud, request: FastifyRequest): TokenClaims {
  const caller = verifyCaller(cloud, request);
  if (typeof caller === 'string')
    throw new ResourceControllerError(401, 'RC-IamAuthnFailed', 'The token is not valid.');
  return caller;
}

/** Instances are named by their GUID or by their CRN, whose eighth part it is. */
function guidOf(id: string): string {
  return (id.startsWith('crn:') ? (id.split(':')[7] ?? '') : id).toLowerCase();
}

function visibleTo(cloud: Cloud, caller: TokenClaims, row: InstanceRow): boolean {
  const { accountId, serviceName, id: serviceInstance, region } = row;
  return cloud.access.allows(caller.iam_id, { accountId, serviceName, serviceInstance, region }, PLATFORM_ROLES);
}

function list(cloud: Cloud, caller: TokenClaims, query: Query): object {
  const limit = readLimit(query['limit'], cloud.behaviour.settings.instancePage);
  const wanted = (name: string, value: string | undefined): boolean =>
    query[name] === undefined || query[name] === value;
  const state = typeof query['state'] === 'string' ? query['state'] : undefined;
  const found = [...cloud.store.list('instance')]
    .filter(
      (row) => wanted('guid', row.id) && wanted('name', row.name) && wanted('resource_group_id', row.resourceGroupId),
    )
    .filter((row) => wanted('resource_plan_id', row.planId) && wanted('sub_type', row.serviceName))
    .filter((row) => (state === undefined ? row.state !== 'removed' : row.state === state))
    .filter((row) => visibleTo(cloud, caller, row))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const start = typeof query['start'] === 'string' ? query['start'] : '';
  const rest = found.filter((row) => row.id > start);
  const page = rest.slice(0, limit);
  return {
    rows_count: page.length,
    next_url: rest.length > page.length ? nextUrl(query, page.at(-1)?.id ?? '') : null,
    resources: page.map((row) => represent(cloud, row)),
  };
}

function readLimit(text: string | string[] | undefined, defaultLimit: number): number {
  if (text === undefined) return defaultLimit;
  const limit = typeof text === 'string' && /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) {
    throw new ResourceControllerError(400, 'RC-BadRequest', 'limit must be an integer from 1 to 100.');
  }
  return limit;
}

function nextUrl(query: Query, start: string): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (typeof value === 'string') params.set(name, value);
  params.set('start', start);
  return `/v2/resource_instances?${params.toString()}`;
}

function represent(cloud: Cloud, row: InstanceRow): object {
  const crn = instanceCrn(row);
  const endpoints = endpointsOf(cloud, row);
  return {
    id: crn,
    guid: row.id,
    url: `/v2/resource_instances/${row.id}`,
    created_at: row.createdAt,
    updated_at: row.createdAt,
    deleted_at: null,
    name: row.name,
    region_id: row.region,
    account_id: row.accountId,
    resource_plan_id: row.planId,
    resource_group_id: row.resourceGroupId,
    crn,
    state: row.state,
    type: 'service_instance',
    sub_type: row.serviceName,
    resource_id: row.serviceName,
    locked: false,
    ...(endpoints && { extensions: { endpoints } }),
  };
}
