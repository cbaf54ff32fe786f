import { type ManagedObjectReference, type PropertyFilterSpec, reference, SESSION_HEADER } from '@lib/vi-json';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import { type Center } from '../center';
import { type MethodDefinition } from '../methods/method';
import { withoutSession } from '../methods/property-collector';
import { logIn, type LoginRequest, userSession } from '../methods/session-manager';
import { METHODS } from '../methods/table';
import { ROOT_FOLDER } from '../objects';
import { type Session } from '../sessions';
import { demand } from '../users';
import { invalidProperty, invalidRequest, notAuthenticated, notFound, VimFault } from '../vim/fault';
import { type Parameters, readParameters } from '../vim/input';
import { writeValue } from '../vim/output';
import { type CallEntry } from './call-log';
import { parseBody } from './server';
import { isOfTask, suffer } from './traffic';

/** Releases of the path that 8.0.3 knows: its own and the older ones. */
export const SERVED_RELEASES = ['8.0.1.0', '8.0.2.0', '8.0.3.0'];

interface Path {
  readonly release: string;
  readonly type: string;
  readonly id: string;
  readonly name: string;
}

type ViRequest = FastifyRequest<{ Params: Path }>;

const TABLE: ReadonlyMap<string, MethodDefinition> = new Map(
  METHODS.map((definition) => [`${definition.type}.${definition.name}`, definition]),
);

/** `/sdk/vim25/{release}/{MoType}/{moId}/{name}`: POST of a method, GET of a top-level property. */
export function registerViJson(app: FastifyInstance, center: Center): void {
  app.register((space, _options, done) => {
    space.setErrorHandler((error, request, reply) => {
      if (error instanceof VimFault) return refuse(reply, error);
      request.log.error(error);
      return refuse(
        reply,
        new VimFault('SystemError', 'A general system error occurred', { reason: 'internal error' }),
      );
    });
    const path = '/sdk/vim25/:release/:type/:id/:name';
    space.get(path, (request: ViRequest, reply) => watched(center, request, reply, () => property(center, request)));
    space.post(path, (request: ViRequest, reply) =>
      watched(center, request, reply, () => call(center, request, reply)),
    );
    done();
  });
}

const refuse = (reply: FastifyReply, fault: VimFault): FastifyReply =>
  reply.code(500).type('application/json').send(JSON.stringify(fault.toBody()));

interface Answer {
  readonly type: string;
  readonly value: unknown;
}

/** Logged, and disturbed as the admin API asked. */
async function watched(
  center: Center,
  request: ViRequest,
  reply: FastifyReply,
  work: () => Promise<Answer>,
): Promise<FastifyReply> {
  const { type, id, name } = request.params;
  const user = center.sessions.find(tokenOf(request))?.userName;
  const facts = { type, object: id, method: name, user };
  const entry: CallEntry = { at: center.clock.now().toISOString(), ...facts };
  center.calls.record(entry);
  const effects = center.faults.strike(facts, (effect) => !isOfTask(effect));
  try {
    if (!(await suffer(request, reply, effects, 'before'))) return await reply;
    const answer = await work();
    if (!(await suffer(request, reply, effects, 'after'))) return await reply;
    return await send(center, reply, answer);
  } finally {
    if (reply.sent) entry.status = reply.statusCode;
  }
}

function send(center: Center, reply: FastifyReply, { type, value }: Answer): FastifyReply {
  const { settings } = center.behaviour;
  const isNullable = type.endsWith('?');
  const declared = isNullable ? type.slice(0, -1) : type;
  const isNothing = value === undefined || (isNullable && Array.isArray(value) && value.length === 0);
  if (type === 'void') return reply.code(204).send();
  if (isNothing) {
    if (settings.nothing === 'no_content') return reply.code(204).send();
    return reply
      .code(200)
      .type('application/json')
      .send(settings.nothing === 'null' ? 'null' : '');
  }
  return reply
    .code(200)
    .type('application/json')
    .send(JSON.stringify(writeValue(declared, value, settings)));
}

const tokenOf = (request: FastifyRequest): string | undefined => request.headers[SESSION_HEADER]?.toString();

/** One that is newer than the server is a 500; the body of it is not established [inferred]. */
function checkRelease(release: string): void {
  if (!SERVED_RELEASES.includes(release)) throw invalidRequest(`Unsupported version ${release}`);
}

async function property(center: Center, request: ViRequest): Promise<Answer> {
  const { release, type, id, name } = request.params;
  checkRelease(release);
  const object = reference(type, id);
  const isContent = type === 'ServiceInstance' && name === 'content';
  const session = isContent ? undefined : active(center, request, object);
  const kind = center.objects.kind(type);
  if (kind?.has(center, id) !== true) throw notFound(object);
  const definition = kind.properties[name];
  if (definition === undefined) throw invalidProperty(name);
  if (session !== undefined) demand(userOf(center, session, object), 'System.Read', object);
  const value = await definition.read(center, id);
  // Nothing says that a property is required, so one that is unset may be empty.
  return { type: `${definition.type}?`, value };
}

async function call(center: Center, request: ViRequest, reply: FastifyReply): Promise<Answer> {
  const { release, type, id, name } = request.params;
  checkRelease(release);
  const object = reference(type, id);
  const body = bodyOf(request);
  const definition = TABLE.get(`${type}.${name}`);
  if (type === 'SessionManager' && name === 'Login') return login(center, request, reply, body);
  const isOpen = type === 'ServiceInstance' && name === 'RetrieveServiceContent';
  const session = center.sessions.find(tokenOf(request));
  if (session === undefined && !isOpen) {
    if (definition?.name !== 'RetrievePropertiesEx') throw notAuthenticated(object);
    const { specSet } = readParameters(name, definition.parameters, body) as { specSet: PropertyFilterSpec[] };
    return { type: definition.returns, value: withoutSession(center, specSet) };
  }
  if (!center.objects.exists(object)) throw notFound(object);
  // What a real vCenter says to an unknown method is not established; vcsim has MethodNotFound for SOAP [inferred].
  if (definition === undefined) throw invalidRequest(`${type} has no method ${name}`);
  const parameters = readParameters(name, definition.parameters, body);
  const value = await carryOut(center, definition, object, parameters, session);
  return { type: definition.returns, value };
}

async function carryOut(
  center: Center,
  definition: MethodDefinition,
  object: ManagedObjectReference,
  parameters: Parameters,
  session: Session | undefined,
): Promise<unknown> {
  if (session === undefined) {
    // RetrieveServiceContent alone is served without one, and asks for neither session nor user.
    return await definition.handle({ center, object, parameters, session: undefined, user: undefined } as never);
  }
  const user = userOf(center, session, object);
  session.callCount += 1;
  if (definition.privilege !== undefined) {
    demand(user, definition.privilege, definition.at === 'root' ? ROOT_FOLDER : object);
  }
  return await definition.handle({ center, object, parameters: parameters as never, session, user });
}

function bodyOf(request: FastifyRequest): unknown {
  try {
    return parseBody(request.body);
  } catch {
    throw invalidRequest('The body is not JSON');
  }
}

function login(center: Center, request: ViRequest, reply: FastifyReply, body: unknown): Answer {
  const definition = TABLE.get('SessionManager.Login');
  const parameters = readParameters('Login', definition?.parameters ?? [], body);
  const visitor = { userAgent: request.headers['user-agent'] ?? '', ipAddress: request.ip };
  const current = center.sessions.find(tokenOf(request));
  const session = logIn(center, parameters as unknown as LoginRequest, visitor, current);
  void reply.header(SESSION_HEADER, session.token);
  return { type: 'UserSession', value: userSession(session) };
}

function active(center: Center, request: FastifyRequest, object: ManagedObjectReference): Session {
  const session = center.sessions.find(tokenOf(request));
  if (session === undefined) throw notAuthenticated(object);
  return session;
}

/** A user who was removed meanwhile has no session either. */
function userOf(center: Center, session: Session, object: ManagedObjectReference) {
  const user = center.users.find(session.userName);
  if (user === undefined) throw notAuthenticated(object);
  return user;
}
