import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Cloud } from '../cloud';
import { UnreadableBodyError } from '../http/server';
import { watchTraffic } from '../http/traffic';
import { registerAliases } from './aliases.routes';
import { subjectsOf } from './call-subject';
import { registerCrypto } from './crypto.routes';
import { registerInstancePolicies } from './instance-policies.routes';
import { registerKeyLifecycle } from './key-lifecycle.routes';
import { registerKeyPolicies } from './key-policies.routes';
import { registerKeyRings } from './key-rings.routes';
import { registerKeySuspension } from './key-suspension.routes';
import { registerKeys } from './keys.routes';
import { correlationIdOf, instanceIdOf, KmsCall, type Front } from './kms-call';
import { badBody, KmsError, KmsGoneError, KmsUnauthorizedError, sendKmsError, sendPlainError } from './kms.errors';
import { isOperation, KMS_OPERATIONS } from './operations';
import { registerRestricted } from './restricted.routes';

interface Host extends Front {
  readonly prefix: string;
  readonly watchedAs: string;
}

const front = ({ path, ...rest }: Omit<Host, 'network' | 'prefix'> & { readonly path: string }): readonly Host[] => [
  { ...rest, network: 'public', prefix: path },
  { ...rest, network: 'private', prefix: `/private${path}` },
];

const HOSTS: readonly Host[] = [
  ...front({ serviceName: 'kms', dedicated: false, path: '/kms/:region', watchedAs: 'kms' }),
  ...front({ serviceName: 'kms', dedicated: true, path: '/kms-dedicated/:guid', watchedAs: 'kms' }),
  ...front({ serviceName: 'hs-crypto', dedicated: false, path: '/hpcs/:guid', watchedAs: 'hpcs' }),
];

const UNINITIALIZED = 'no healthy upstream: no crypto units are in kms-initialized state';
const UNAUTHORIZED = 'The user does not have access to the specified resource';

/** The keys API, once for each kind of host that serves it. */
export function registerKeyProtect(app: FastifyInstance, cloud: Cloud): void {
  for (const host of HOSTS) {
    app.register(
      (kms, _options, done) => {
        prepare(kms, cloud, host);
        registerKeys(kms, cloud);
        registerKeyLifecycle(kms, cloud);
        registerKeySuspension(kms, cloud);
        registerCrypto(kms, cloud);
        registerAliases(kms, cloud);
        registerKeyRings(kms, cloud);
        registerKeyPolicies(kms, cloud);
        registerInstancePolicies(kms, cloud);
        registerRestricted(kms);
        done();
      },
      { prefix: `${host.prefix}/api/v2` },
    );
  }
}

function prepare(kms: FastifyInstance, cloud: Cloud, host: Host): void {
  kms.decorateRequest('kms', undefined);
  kms.addHook('onRequest', (request, reply, next) => {
    void reply.header('correlation-id', correlationIdOf(request));
    next();
  });
  watchTraffic(kms, cloud, host.watchedAs, {
    instanceOf: instanceIdOf,
    subjectsOf: (request) => subjectsOf(cloud, request),
  });
  kms.addHook('onRequest', (request, reply, next) => {
    if (!isInitialized(cloud, request)) {
      void reply.code(503).type('text/plain').send(UNINITIALIZED);
      return;
    }
    // Before the body is read: strangers do not learn whether their body was well-formed.
    try {
      const { operation } = request.routeOptions.config;
      if (isOperation(operation)) request.kms = KmsCall.authenticate(cloud, host, request, operation);
      next();
    } catch (error) {
      next(error as Error);
    }
  });
  kms.setErrorHandler((error, request, reply) => answerError(error, request, reply));
  kms.setNotFoundHandler((_request, reply) => sendPlainError(reply, 404, 'The requested path does not exist'));
}

/** A host of all instances of a region always is. */
function isInitialized(cloud: Cloud, request: FastifyRequest): boolean {
  const { guid } = request.params as { guid?: string };
  return cloud.store.get('instance', guid?.toLowerCase() ?? '')?.initialized !== false;
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { operation } = request.routeOptions.config;
  const failed = isOperation(operation) ? KMS_OPERATIONS[operation].failed : 'Request could not be served';
  if (error instanceof KmsError) return sendKmsError(reply, error, failed);
  if (error instanceof KmsUnauthorizedError) return sendPlainError(reply, 401, UNAUTHORIZED);
  if (error instanceof KmsGoneError) return sendPlainError(reply, 410, 'The instance was removed');
  if (error instanceof UnreadableBodyError) return sendKmsError(reply, badBody('invalid character'), failed);
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  if (status >= 500) request.log.error(error);
  return sendPlainError(reply, status, failed);
}
