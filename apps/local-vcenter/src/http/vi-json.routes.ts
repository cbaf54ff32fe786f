import { type ManagedObjectReference, type PropertyFilterSpec, reference, SESSION_HEADER } from '@lib/vi-json';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import { type Center } from '../center';
import { type MethodDefinition } from '../methods/method';
import { withoutSession } from '../methods/property-collector';
import { logIn, type LoginRequest, userSession } from '../methods/session-manager';
import { METHODS } from '../methods/table';
import { type Session } from '../sessions';
import { demand } from '../users';
import { invalidProperty, invalidRequest, notAuthenticated, notFound, VimFault } from '../vim/fault';
import { readParameters } from '../vim/input';
import { writeValue } from '../vim/output';
import { type Schema } from '../vim/type-table';
import { VIM25 } from '../vim/vim25';
import { type Answer, carryOut, userOf, watched } from './carry-out';
import { JSON_RELEASES } from './releases';
import { parseBody } from './server';
import { type CallFacts } from './traffic';

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
    const watch = (request: ViRequest, reply: FastifyReply, work: () => Promise<Answer>): Promise<FastifyReply> =>
      watched(center, { request, reply }, factsOf(center, request), work, (answer) =>
        send(center, reply, answer, request.params.release),
      );
    space.get(path, (request: ViRequest, reply) => watch(request, reply, () => property(center, request)));
    space.post(path, (request: ViRequest, reply) => watch(request, reply, () => call(center, request, reply)));
    done();
  });
}

const refuse = (reply: FastifyReply, fault: VimFault): FastifyReply =>
  reply.code(500).type('application/json').send(JSON.stringify(fault.toBody()));

function factsOf(center: Center, request: ViRequest): CallFacts {
  const { type, id, name } = request.params;
  return { type, object: id, method: name, user: sessionOf(center, request)?.userName };
}

function send(center: Center, reply: FastifyReply, { type, value }: Answer, release: string): FastifyReply {
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
    .send(JSON.stringify(writeValue(declared, value, { ...settings, release })));
}

const schemaOf = ({ params: { release } }: ViRequest): Schema => ({ types: VIM25, release });

const sessionOf = (center: Center, request: FastifyRequest): Session | undefined =>
  center.sessions.find(request.headers[SESSION_HEADER]?.toString(), 'json');

/** One that is newer than the server is a 500; the body of it is not established [inferred]. */
function checkRelease(release: string): void {
  if (!JSON_RELEASES.includes(release)) throw invalidRequest(`Unsupported version ${release}`);
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
  const schema = schemaOf(request);
  const object = reference(type, id);
  const body = bodyOf(request);
  const definition = TABLE.get(`${type}.${name}`);
  if (type === 'SessionManager' && name === 'Login') return login(center, request, reply, body);
  const isOpen = type === 'ServiceInstance' && name === 'RetrieveServiceContent';
  const session = sessionOf(center, request);
  if (session === undefined && !isOpen) {
    if (definition?.name !== 'RetrievePropertiesEx') throw notAuthenticated(object);
    const { specSet } = readParameters(name, definition.parameters, body, schema) as { specSet: PropertyFilterSpec[] };
    return { type: definition.returns, value: withoutSession(center, specSet) };
  }
  if (!center.objects.exists(object)) throw notFound(object);
  // What a real vCenter says to an unknown method is not established; vcsim has MethodNotFound for SOAP [inferred].
  if (definition === undefined) throw invalidRequest(`${type} has no method ${name}`);
  const parameters = readParameters(name, definition.parameters, body, schema);
  const value = await carryOut(center, definition, object, parameters, session);
  return { type: definition.returns, value };
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
  const parameters = readParameters('Login', definition?.parameters ?? [], body, schemaOf(request));
  const visitor = { over: 'json', userAgent: request.headers['user-agent'] ?? '', ipAddress: request.ip } as const;
  const current = sessionOf(center, request);
  const session = logIn(center, parameters as unknown as LoginRequest, visitor, current);
  void reply.header(SESSION_HEADER, session.token);
  return { type: 'UserSession', value: userSession(session) };
}

function active(center: Center, request: FastifyRequest, object: ManagedObjectReference): Session {
  const session = sessionOf(center, request);
  if (session === undefined) throw notAuthenticated(object);
  return session;
}
