import { setTimeout as delay } from 'node:timers/promises';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Cloud } from '../cloud';
import { type FaultEffect } from './faults';
import { type RequestEntry } from './request-log';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Name of the call in the request log and in fault rules; routes without one are not watched. */
    operation?: string;
    writes?: boolean;
  }
  interface FastifyRequest {
    faultsAfter: FaultEffect[] | undefined;
    logEntry: RequestEntry | undefined;
  }
}

interface Readers {
  readonly instanceOf: (request: FastifyRequest) => string | undefined;
  /** Called when the body is read. */
  readonly subjectsOf: (request: FastifyRequest) => readonly string[];
}

const READERS: Readers = { instanceOf: () => undefined, subjectsOf: () => [] };

/** Logs and disturbs the requests of one area, as the admin API asked. */
export function watchTraffic(
  scope: FastifyInstance,
  cloud: Cloud,
  service: string,
  { instanceOf, subjectsOf }: Readers = READERS,
): void {
  scope.decorateRequest('faultsAfter', undefined);
  scope.decorateRequest('logEntry', undefined);

  scope.addHook('onRequest', (request, reply, next) => {
    const { operation, writes } = request.routeOptions.config;
    if (operation === undefined) {
      next();
      return;
    }
    const { method } = request;
    const instance = instanceOf(request);
    const correlationId = request.headers['correlation-id']?.toString();
    request.logEntry = { at: cloud.clock.now().toISOString(), service, operation, method, instance, correlationId };
    cloud.requests.record(request.logEntry);
    const effects = cloud.faults.strike({ service, instance, method, operation, writes: writes === true });
    if (effects.length === 0) next();
    else void suffer(request, reply, effects).then((sufferedAll) => sufferedAll && next(), next);
  });

  scope.addHook('preHandler', (request, reply, next) => {
    const { logEntry } = request;
    if (logEntry === undefined) {
      next();
      return;
    }
    const about = subjectsOf(request);
    if (about.length > 0) logEntry.about = about;
    const { operation, method, instance } = logEntry;
    const { writes } = request.routeOptions.config;
    const effects = cloud.faults.strike({ service, instance, method, operation, writes: writes === true, about });
    if (effects.length === 0) next();
    else void suffer(request, reply, effects).then((sufferedAll) => sufferedAll && next(), next);
  });

  scope.addHook('onSend', (request, reply, payload, done) => {
    const [effect] = request.faultsAfter ?? [];
    if (effect === undefined || effect.kind === 'delay') done(null, payload);
    else if (effect.kind === 'status') done(null, answerInstead(reply, effect));
    else if (effect.kind === 'page') done(null, pageInstead(reply, effect.status));
    // The operation is done; its answer never arrives.
    else silence(request, reply, effect.kind === 'reset');
  });

  scope.addHook('onResponse', (request, reply, done) => {
    if (request.logEntry) request.logEntry.status = reply.statusCode;
    done();
  });
}

/** @returns false when it was answered, or never will be */
async function suffer(request: FastifyRequest, reply: FastifyReply, effects: readonly FaultEffect[]): Promise<boolean> {
  for (const effect of effects) {
    if (effect.kind === 'delay') await delay(effect.milliseconds);
    else if (effect.when === 'before') disturb(request, reply, effect);
    else request.faultsAfter = [...(request.faultsAfter ?? []), effect];
    if (reply.sent) return false;
  }
  return true;
}

function disturb(request: FastifyRequest, reply: FastifyReply, effect: Exclude<FaultEffect, { kind: 'delay' }>): void {
  if (effect.kind === 'status') void reply.send(answerInstead(reply, effect));
  else if (effect.kind === 'page') void reply.send(pageInstead(reply, effect.status));
  else silence(request, reply, effect.kind === 'reset');
}

function silence(request: FastifyRequest, reply: FastifyReply, reset: boolean): void {
  reply.hijack();
  if (request.logEntry) request.logEntry.silenced = true;
  if (reset) request.raw.socket.resetAndDestroy();
}

function answerInstead(reply: FastifyReply, effect: Extract<FaultEffect, { kind: 'status' }>): string {
  void reply.code(effect.status).type('application/json').removeHeader('content-length');
  if (effect.retryAfterSeconds !== undefined) void reply.header('retry-after', effect.retryAfterSeconds);
  return JSON.stringify(effect.body ?? {});
}

function pageInstead(reply: FastifyReply, status: number): string {
  void reply.code(status).type('text/html').removeHeader('content-length');
  return `<html><head><title>${status}</title></head><body><h1>${status}</h1><hr>gateway</body></html>`;
}
