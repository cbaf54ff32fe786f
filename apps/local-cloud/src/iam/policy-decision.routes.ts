import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Cloud } from '../cloud';
import { verifyCaller } from './caller';
import { IamApiError } from './iam.errors';
import { isPlatformRole, roleCrn } from './roles';
import { readSettings } from './token-issuer';
import { type AccessTarget } from './access-policies';

const DECISION_TYPE = 'application/vnd.authz.v2+json';
const ROLES_TYPE = 'application/vnd.authzroles.v2+json';
const ENTRIES_PER_CALL = 100;

const subject = z.union([
  z.object({ attributes: z.looseObject({ id: z.string().min(1) }) }),
  z.object({ accessTokenBody: z.string().min(1) }),
]);
const resource = z.union([
  z.object({ crn: z.string().startsWith('crn:v1:') }),
  z.object({ attributes: z.record(z.string(), z.string()) }),
]);
const rolesQuestion = z.object({ subject, resource, requestId: z.string().optional() });
const decisionQuestion = rolesQuestion.extend({ action: z.string().min(1) });

/** The policy decision point: may this subject do this action to this resource? Asked by services, not by users. */
export function registerPolicyDecisions(iam: FastifyInstance, cloud: Cloud): void {
  iam.post('/v2/authz', { config: { operation: 'authz.decide' } }, (request, reply) => {
    prepare(cloud, request, reply, DECISION_TYPE);
    const responses = read(decisionQuestion, request.body).map((question) => ({
      status: '200',
      authorizationDecision: decide(cloud, question),
      ...(question.requestId !== undefined && { requestId: question.requestId }),
    }));
    return { responses };
  });

  iam.post('/v2/authz/roles', { config: { operation: 'authz.roles' } }, (request, reply) => {
    prepare(cloud, request, reply, ROLES_TYPE);
    const responses = read(rolesQuestion, request.body).map((question) => {
      const target = targetOf(cloud, question.resource);
      const held = [...(target ? cloud.access.rolesOn(subjectOf(question.subject), target) : [])];
      const describe = (role: string): object => ({
        crn: roleCrn(role),
        displayName: role,
        actions: actionsOf(cloud, target?.serviceName, new Set([role])),
      });
      return {
        status: '200',
        roles: held.filter((role) => !isPlatformRole(role)).map(describe),
        platformExtensions: { roles: held.filter(isPlatformRole).map(describe) },
      };
    });
    return { responses };
  });
}

function prepare(cloud: Cloud, request: FastifyRequest, reply: FastifyReply, type: string): void {
  if (typeof verifyCaller(cloud, request) === 'string') {
    throw new IamApiError(401, 'unauthorized', 'BXNIM0308E', 'No authorization header found or token not valid.');
  }
  const { accept = '*/*' } = request.headers;
  if (![type, 'application/json', '*/*'].some((known) => accept.includes(known))) {
    throw new IamApiError(406, 'not_acceptable', 'BXNIM0106E', `This answer is ${type}.`);
  }
  void reply.type(accept.includes(type) ? type : 'application/json');
}

function read<T extends z.ZodType>(question: T, body: unknown): z.output<T>[] {
  const parsed = z.array(question).min(1).max(ENTRIES_PER_CALL).safeParse(body);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new IamApiError(400, 'invalid_request', 'BXNIM0106E', `The request is not a list of questions (${where}).`);
}

function decide(cloud: Cloud, question: z.output<typeof decisionQuestion>): object {
  const id = subjectOf(question.subject);
  const target = targetOf(cloud, question.resource);
  const roles = target ? cloud.access.rolesOn(id, target) : new Set<string>();
  const actions = actionsOf(cloud, target?.serviceName, roles);
  const permitted = actions.includes(question.action);
  const { decisionCacheSeconds: maxCacheAgeSeconds } = readSettings(cloud.store);
  return {
    permitted,
    ...(!permitted && { reason: 'Identity' }),
    obligation: { actions, maxCacheAgeSeconds, subject: { attributes: { id } } },
  };
}

/** The actions that a service registered for any of these roles. */
function actionsOf(cloud: Cloud, serviceName: string | undefined, roles: ReadonlySet<string>): string[] {
  const registered = cloud.store.get('service', serviceName ?? '')?.actions ?? [];
  return registered.filter((action) => action.roles.some((role) => roles.has(role))).map(({ id }) => id);
}

function subjectOf(given: z.output<typeof subject>): string {
  if ('attributes' in given) return given.attributes.id;
  try {
    const claims: unknown = JSON.parse(Buffer.from(given.accessTokenBody, 'base64url').toString('utf8'));
    return z.object({ iam_id: z.string() }).parse(claims).iam_id;
  } catch {
    throw new IamApiError(400, 'invalid_request', 'BXNIM0106E', 'accessTokenBody is not the body of a token.');
  }
}

/** What the question is about; undefined when nothing says whose it is, which permits nothing. */
function targetOf(cloud: Cloud, given: z.output<typeof resource>): AccessTarget | undefined {
  const attributes = 'crn' in given ? attributesOfCrn(given.crn) : given.attributes;
  const { serviceName, serviceInstance, region, resourceType, resource: name } = attributes as Attributes;
  const known = cloud.store.get('instance', serviceInstance ?? '');
  const accountId = attributes['accountId'] ?? known?.accountId;
  if (accountId === undefined || serviceName === undefined) return undefined;
  // An instance is its own account's, whatever the question says.
  if (known && known.accountId !== accountId) return undefined;
  return { accountId, serviceName, serviceInstance, region: region ?? known?.region, resourceType, resource: name };
}

type Attributes = Partial<Record<'serviceName' | 'serviceInstance' | 'region' | 'resourceType' | 'resource', string>>;

function attributesOfCrn(crn: string): Record<string, string> {
  const [, , , , serviceName, region, scope, serviceInstance, resourceType, ...name] = crn.split(':');
  const parts = { serviceName, region, serviceInstance, resourceType, resource: name.join(':') };
  const accountId = scope?.startsWith('a/') === true ? scope.slice(2) : undefined;
  const filled = Object.entries({ ...parts, accountId }).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(filled) as Record<string, string>;
}
