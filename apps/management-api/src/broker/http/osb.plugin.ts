import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import { newCorrelationId } from '@lib/kernel';

import { addressOf } from '../../http/server-limits';
import { DRY_RUN_HEADER } from '../../http/dry-run';
import { initiatorOf } from './originating-identity';
import { type OsbAnswer, type OsbCall, type OsbRoute } from './osb-call';
import { badRequest, OsbError, toOsbError } from './osb-error';
import { type PlatformAuthentication } from './platform-authentication';

/** Largest request: an order with all the certificates it may hold. */
const MAX_BODY_BYTES = 524_288;
const OBSERVER = 'service-broker';
const REQUEST_IDENTITY = 'x-broker-api-request-identity';

/** What the application hears of every answer. Never a body, token or parameter. */
export interface BrokerObserver {
  answered(answer: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly latencyMs: number;
    readonly correlationId: string;
  }): void;
  /** A bug or an outage; the platform got fixed text. */
  failed(error: unknown, correlationId: string): void;
}

export interface OsbSpaceOptions {
  readonly authentication: PlatformAuthentication;
  readonly routes: readonly OsbRoute[];
  /** Whether requests must name a version of the specification. */
  readonly versioned: boolean;
  readonly observer: BrokerObserver;
}

/**
 * One space of the broker's routes as an encapsulated Fastify plugin: parser, hooks, error shape and not-found handler
 * are its own. Order of checks: 401, a dry run that is asked for, 412, 404, body; nobody's body is read before he is known.
 */
export function osbSpace(fastify: FastifyInstance, options: OsbSpaceOptions, done: () => void): void {
  const contexts = new WeakMap<FastifyRequest, OsbCall['context']>();
  const contextOf = (request: FastifyRequest): OsbCall['context'] => {
    const known = contexts.get(request);
    if (known) return known;
    const initiator = initiatorOf(single(request.headers['x-broker-api-originating-identity']));
    const context = { initiator, correlationId: newCorrelationId(), observer: OBSERVER };
    contexts.set(request, context);
    return context;
  };

  takeJsonOnly(fastify);
  fastify.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'x-correlation-id': contextOf(request).correlationId, 'cache-control': 'no-store' });
    const identity = single(request.headers[REQUEST_IDENTITY]);
    if (identity !== undefined && identity.length <= 1_024) reply.header(REQUEST_IDENTITY, identity);
    await options.authentication.authenticate(request.headers.authorization, addressOf(request));
    refuseDryRun(request);
    if (options.versioned) checkVersion(single(request.headers['x-broker-api-version']));
  });
  fastify.addHook('onResponse', (request, reply, next) => {
    options.observer.answered({
      route: request.routeOptions.url ?? '',
      method: request.method,
      status: reply.statusCode,
      latencyMs: Math.round(reply.elapsedTime),
      correlationId: contextOf(request).correlationId,
    });
    next();
  });
  fastify.setErrorHandler((error, request, reply) => {
    const { correlationId } = contextOf(request);
    const known = toOsbError(error);
    if (known === undefined || known.status >= 500) options.observer.failed(error, correlationId);
    const refusal = known ?? new OsbError(500, `The service failed. Quote ${correlationId} when you report it.`);
    return send(reply, { status: refusal.status, body: refusal.body, headers: refusal.headers });
  });
  fastify.setNotFoundHandler((_request, reply) => send(reply, { status: 404, body: { description: 'Not found.' } }));
  for (const { method, path, handle } of options.routes) {
    fastify.route({
      method,
      url: path,
      bodyLimit: MAX_BODY_BYTES,
      handler: async (request, reply) => {
        const answer = await handle({
          path: request.params as Record<string, string>,
          query: new URLSearchParams(request.url.split('?')[1] ?? ''),
          body: request.body,
          ifNoneMatch: request.headers['if-none-match'],
          context: contextOf(request),
        });
        return send(reply, answer);
      },
    });
  }
  done();
}

/** Clients send the media type with an empty DELETE too; a body of another type is refused, not guessed at. */
function takeJsonOnly(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, parsed) => {
    try {
      parsed(null, body.length === 0 ? undefined : JSON.parse(body.toString('utf8')));
    } catch {
      parsed(badRequest('The request body is not valid JSON.'));
    }
  });
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
    if (body.length === 0) parsed(null, undefined);
    else parsed(badRequest('The request body must be application/json.'));
  });
}

/** The specification has none, and whoever asks for one must never get the deed. */
function refuseDryRun({ method, headers }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD' || headers[DRY_RUN_HEADER.toLowerCase()] === undefined) return;
  throw badRequest(`The broker has no dry run: nothing was done. Leave ${DRY_RUN_HEADER} out to do it.`);
}

/** Everything since 2.12 is an addition, so every later 2.x is taken. */
function checkVersion(version: string | undefined): void {
  const minor = /^2\.(\d{1,4})$/.exec(version ?? '')?.[1];
  if (minor === undefined || Number(minor) < 12) {
    throw new OsbError(412, 'Send X-Broker-API-Version 2.12 or a later 2.x version.');
  }
}

function send(reply: FastifyReply, { status, body, headers = {} }: OsbAnswer): FastifyReply {
  reply.code(status).headers({ ...headers });
  if (body === undefined) return reply.send();
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return reply.type('application/json; charset=utf-8').send(text);
}

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;
