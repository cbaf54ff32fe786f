import { type Element, envelope, type ManagedObjectReference, readEnvelope, reference } from '@lib/vi-json';
import { without } from '@lib/stand-in';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import { type Center } from '../center';
import { type MethodDefinition } from '../methods/method';
import { logIn, type LoginRequest, SESSION_MANAGER_METHODS, userSession } from '../methods/session-manager';
import { SERVICE_INSTANCE_METHODS } from '../methods/service-instance';
import { VSAN_METHODS, VSAN_SYSTEM } from '../methods/vsan-cluster-config-system';
import { type Session } from '../sessions';
import { invalidRequest, notAuthenticated, notFound, VimFault } from '../vim/fault';
import { readParameters } from '../vim/input';
import { parseMembers, type TypeTable } from '../vim/type-table';
import { VIM25, VSAN } from '../vim/vim25';
import { fromXml } from '../vim/xml-input';
import { membersXml, toXml } from '../vim/xml-output';
import { type Answer, carryOut, type Exchange, watched } from './carry-out';
import { SOAP_RELEASES } from './releases';

/** One interface of SOAP: where it is, what it serves, and by which types. */
interface Endpoint {
  readonly path: string;
  readonly namespace: 'vim25' | 'vsan';
  readonly methods: readonly MethodDefinition[];
  readonly types: TypeTable;
  readonly exists: (center: Center, object: ManagedObjectReference) => boolean;
}

/** Of vSphere's own SOAP there is what opens and ends a session; vSAN of 8.0 has no other interface. */
const ENDPOINTS: readonly Endpoint[] = [
  {
    path: '/sdk',
    namespace: 'vim25',
    methods: [...SERVICE_INSTANCE_METHODS, ...SESSION_MANAGER_METHODS],
    types: VIM25,
    exists: ({ objects }, object) => objects.exists(object),
  },
  {
    path: '/vsanHealth',
    namespace: 'vsan',
    methods: VSAN_METHODS,
    types: VSAN,
    exists: (_center, { type, value }) => type === VSAN_SYSTEM.type && value === VSAN_SYSTEM.value,
  },
];

const OLDEST_RELEASE = '6.0';
const COOKIE = /(?:^|;\s*)vmware_soap_session="?([0-9a-f]+)"?/;

export function registerSoap(app: FastifyInstance, center: Center): void {
  app.register((space, _options, done) => {
    space.setErrorHandler((error, request, reply) => {
      if (error instanceof VimFault) return refuse(reply, error, request);
      request.log.error(error);
      return refuse(reply, unexpected(), request);
    });
    for (const endpoint of ENDPOINTS) {
      space.post(endpoint.path, (request, reply) => serve(center, endpoint, { request, reply }));
    }
    done();
  });
}

const unexpected = (): VimFault =>
  new VimFault('SystemError', 'A general system error occurred', { reason: 'internal error' });

/** In the form of a live vCenter (govmomi vim25/methods/fault_test.go); that vSAN's service has the same is inferred. */
function refuse(reply: FastifyReply, { members, message, typeName }: VimFault, request: FastifyRequest): FastifyReply {
  const schema = { types: VIM25, release: askedIn(request).version ?? OLDEST_RELEASE };
  const detail = `<${typeName}Fault xmlns="urn:vim25" xsi:type="${typeName}">${membersXml(schema, typeName, members)}</${typeName}Fault>`;
  const sentence = toXml(schema, 'faultstring', 'string', message);
  const fault = `<faultcode>ServerFaultCode</faultcode>${sentence}<detail>${detail}</detail>`;
  return send(reply, 500, `<soapenv:Fault>${fault}</soapenv:Fault>`);
}

const send = (reply: FastifyReply, status: number, body: string): FastifyReply =>
  reply.code(status).type('text/xml; charset=utf-8').send(envelope(body));

interface Call {
  readonly release: string;
  readonly element: Element;
  readonly object: ManagedObjectReference;
  readonly definition: MethodDefinition;
}

async function serve(center: Center, endpoint: Endpoint, exchange: Exchange): Promise<FastifyReply> {
  const { request, reply } = exchange;
  const asked = readCall(endpoint, request);
  const { object, definition } = asked;
  const session = sessionOf(center, request);
  const facts = { type: object.type, object: object.value, method: definition.name, user: session?.userName };
  const answered = ({ type, value }: Answer): FastifyReply => {
    const returned =
      type === 'void' ? '' : toXml({ types: endpoint.types, release: asked.release }, 'returnval', type, value);
    const name = `${definition.name}Response`;
    return send(reply, 200, `<${name} xmlns="urn:${endpoint.namespace}">${returned}</${name}>`);
  };
  return await watched(
    center,
    exchange,
    facts,
    () => perform(center, endpoint, asked, { exchange, session }),
    answered,
  );
}

/** @throws VimFault */
function readCall({ methods, namespace }: Endpoint, request: FastifyRequest): Call {
  const release = releaseOf(namespace, request);
  let element: Element;
  try {
    element = readEnvelope(typeof request.body === 'string' ? request.body : '');
  } catch {
    // Which words a real vCenter has for it differ by what is wrong [inferred].
    throw invalidRequest('The request body is not a SOAP message');
  }
  const self = element.child('_this');
  const object = reference(self?.objectType ?? '', self?.text ?? '');
  const definition = methods.find(({ name, type }) => name === element.name && type === object.type);
  if (definition === undefined)
    throw invalidRequest(`Unable to resolve WSDL method name ${element.name} for ${namespace}`);
  return { release, element, object, definition };
}

/** `urn:vsan`, alone or with a version that is served, with or without the quotes that SOAP 1.1 wants. */
function askedIn({ headers }: FastifyRequest): { readonly name?: string; readonly version?: string } {
  const [, name, version] = /^"?urn:(\w+)(?:\/([^"]*))?"?$/.exec(headers['soapaction']?.toString() ?? '') ?? [];
  return { ...(name !== undefined && { name }), ...(version !== undefined && { version }) };
}

/** @throws VimFault InvalidRequest for one that is not served */
function releaseOf(namespace: Endpoint['namespace'], request: FastifyRequest): string {
  const releases: readonly string[] = SOAP_RELEASES[namespace];
  const { name = '', version = releases.at(-1) ?? '' } = askedIn(request);
  if (name === namespace && releases.includes(version)) return version;
  throw invalidRequest(`Unsupported version URI "urn:${name}/${version}"`);
}

const sessionOf = (center: Center, request: FastifyRequest): Session | undefined =>
  center.sessions.find(COOKIE.exec(request.headers.cookie ?? '')?.[1], 'soap');

async function perform(
  center: Center,
  { exists, types }: Endpoint,
  { element, object, definition, release }: Call,
  { exchange, session }: { readonly exchange: Exchange; readonly session: Session | undefined },
): Promise<Answer> {
  const isLogin = definition.name === 'Login';
  const isOpen = isLogin || definition.name === 'RetrieveServiceContent';
  if (session === undefined && !isOpen) throw notAuthenticated(object);
  if (!exists(center, object)) throw notFound(object);
  const members = [...parseMembers('_this: ManagedObjectReference'), ...definition.parameters];
  const schema = { types, release };
  const given = without(fromXml(schema, members, element), '_this');
  const parameters = readParameters(definition.name, definition.parameters, given, schema);
  if (isLogin) return login(center, exchange, parameters as unknown as LoginRequest, session);
  return {
    type: definition.returns,
    value: await carryOut(center, definition, object, parameters, session),
  };
}

function login(
  center: Center,
  { request, reply }: Exchange,
  asked: LoginRequest,
  current: Session | undefined,
): Answer {
  const visitor = { over: 'soap', userAgent: request.headers['user-agent'] ?? '', ipAddress: request.ip } as const;
  const session = logIn(center, asked, visitor, current);
  void reply.header('set-cookie', `vmware_soap_session="${session.token}"; Path=/; HttpOnly; Secure; `);
  return { type: 'UserSession', value: userSession(session) };
}
