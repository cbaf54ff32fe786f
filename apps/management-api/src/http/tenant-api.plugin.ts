import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import { type CorrelationId } from '@lib/kernel';

import { type Action } from '@lib/tenancy';
import { type Principal } from '../auth/principal';
import { notFound, preconditionFailed } from './api-error';
import { Admission, type AdmissionDependencies } from './admission';
import { DRY_RUN_HEADER } from './dry-run';
import { ifNoneMatchHits } from './entity-tag';
import { errorContainer, internalError, translateError } from './error-translation';
import { type InstanceScope, type OperationAnswer, type OperationCall } from './operation';
import { type BoundOperation } from './operation-table';
import { type RequestState } from './request-state';
import { addressOf } from './server-limits';
import { parseStrictJson } from './strict-json';

/** Largest body of the tenant API; the largest useful one is a certificate. */
export const MAX_BODY_BYTES = 1_048_576;

/** What the application hears of every answer, for its log and its metrics. Never a body, token or query value. */
export interface AnswerObserver {
  answered(answer: AnswerRecord): void;
  /** A bug or an outage; the caller got fixed text. */
  failed(error: unknown, correlationId: string): void;
}

export interface AnswerRecord {
  readonly operationId: string | undefined;
  readonly method: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly requestId: string;
  readonly correlationId: string;
  readonly iamId: string | undefined;
  readonly accountId: string | undefined;
}

/** One management call as the audit trail of its instance keeps it. */
export interface RecordedCall {
  readonly instance: InstanceScope;
  readonly principal: Principal;
  readonly operationId: string;
  readonly action: Action;
  readonly outcome: 'success' | 'failure';
  /** Error code of a failure. */
  readonly reason?: string;
  /** Last identifier of the path. */
  readonly targetId: string;
  /** As it was sent, valid or not; undefined when it was not read. */
  readonly body: unknown;
  readonly address: string;
  readonly correlationId: CorrelationId;
  readonly latencyMs: number;
}

/**
 * Told of every read and of every refusal or failure, before it is answered. Changes that succeed are not told: they
 * commit their record together with the change.
 */
export interface CallRecorder {
  /** @throws when it cannot record: the call then fails. */
  record(call: RecordedCall): Promise<void>;
}

export interface TenantApiOptions extends AdmissionDependencies {
  readonly recorder: CallRecorder;
  readonly operations: readonly BoundOperation[];
  /** Base of `more_info` links. */
  readonly publicUrl: string;
  readonly observer: AnswerObserver;
  /** Answers 500 when an answer is not what the document says: for tests. */
  readonly verifyAnswers?: boolean;
}

/**
 * The tenant API as one encapsulated Fastify plugin: its hooks, parsers, error shape and not-found handler hold for its
 * own prefix only, so that the broker's routes beside it can keep other rules. Registered with prefix `/v1`.
 *
 * Order of checks (API Handbook): 429, 401, 414, 405, 404, 403, headers, query, body; all but the last in `onRequest`,
 * so that nobody's body is read before he is known and permitted.
 */
export function tenantApi(fastify: FastifyInstance, options: TenantApiOptions, done: () => void): void {
  const admission = new Admission(options);
  const answering = new Answering(options, admission);
  fastify.removeAllContentTypeParsers();
  for (const type of ['application/json', 'application/merge-patch+json']) {
    fastify.addContentTypeParser(type, { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, body, parsed) => {
      parseBody(body as Buffer, parsed);
    });
  }
  // A body that no operation asked for (DELETE) is read, within the limit, and ignored.
  fastify.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, _body, parsed) => {
    parsed(null, undefined);
  });
  fastify.addHook('onRequest', (request) => admission.admit(request));
  fastify.addHook('onSend', (request, reply, payload, next) => {
    reply.headers(answering.commonHeaders(request));
    next(null, payload);
  });
  fastify.addHook('onResponse', (request, reply, next) => {
    answering.observe(request, reply);
    next();
  });
  fastify.setErrorHandler((error, request, reply) => answering.refuse(error, request, reply));
  fastify.setNotFoundHandler((request, reply) => answering.refuse(admission.notFoundOr405(request), request, reply));
  for (const operation of options.operations) {
    fastify.route({
      method: operation.contract.operation.method,
      // The plugin's prefix is the path's first segment.
      url: operation.contract.operation.path.replace(/^\/v1/, '').replaceAll(/\{([a-z_]+)\}/g, ':$1'),
      bodyLimit: MAX_BODY_BYTES,
      config: { boundOperation: operation } as object,
      handler: (request, reply) => answering.serve(operation, request, reply),
    });
  }
  done();
}

function parseBody(body: Buffer, parsed: (error: Error | null, value?: unknown) => void): void {
  try {
    // IBM's clients send the media type with an empty DELETE.
    parsed(null, body.length === 0 ? undefined : parseStrictJson(body));
  } catch (error) {
    parsed(error instanceof Error ? error : new Error('unreadable body'));
  }
}

class Answering {
  constructor(
    private readonly options: TenantApiOptions,
    private readonly admission: Admission,
  ) {}

  async serve(operation: BoundOperation, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const state = this.admission.stateOf(request);
    operation.contract.checkBody(request.headers['content-type'], request.body ?? undefined);
    const answer = await handled(operation, callOf(request, state), isDryRun(request));
    if (operation.contract.operation.method === 'GET') await this.#record(request, reply, 'success');
    this.#verify(operation, answer);
    if (answer.etag !== undefined) {
      reply.header('etag', `"${answer.etag}"`);
      if (request.method !== 'PUT' && ifNoneMatchHits(request.headers['if-none-match'], answer.etag)) {
        return reply.code(304).send();
      }
    }
    if (answer.location !== undefined) reply.header('location', answer.location);
    if (answer.stream) return reply.code(answer.status).type(answer.stream.type).send(answer.stream.content);
    if (answer.body === undefined) return reply.code(answer.status).send();
    return reply
      .code(answer.status)
      .type('application/json; charset=utf-8')
      .serializer((body) => JSON.stringify(body))
      .send(answer.body);
  }

  #verify(operation: BoundOperation, answer: OperationAnswer): void {
    if (this.options.verifyAnswers !== true || answer.stream) return;
    // As it will be on the wire: undefined fields are left out.
    const body: unknown = answer.body && JSON.parse(JSON.stringify(answer.body));
    const fault = operation.contract.answerFault(answer.status, body);
    if (fault !== undefined)
      throw new Error(`${operation.contract.operation.id} answers against its document: ${fault}`);
  }

  async refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const state = this.admission.stateOf(request);
    const known = translateError(error);
    if (!known || known.status >= 500) this.options.observer.failed(error, state.trace.correlationId);
    let answer = known ?? internalError();
    try {
      await this.#record(request, reply, 'failure', answer.faults[0]?.code);
    } catch (lost) {
      this.options.observer.failed(lost, state.trace.correlationId);
      answer = translateError(lost) ?? internalError();
    }
    return reply
      .code(answer.status)
      .headers({ ...answer.headers })
      .type('application/json; charset=utf-8')
      .serializer((body) => JSON.stringify(body))
      .send(errorContainer(answer, state.trace.correlationId, this.options.publicUrl));
  }

  async #record(
    request: FastifyRequest,
    reply: FastifyReply,
    outcome: RecordedCall['outcome'],
    reason?: string,
  ): Promise<void> {
    const { audited, principal, operation, trace } = this.admission.stateOf(request);
    if (!audited || !principal || !operation) return;
    await this.options.recorder.record({
      instance: audited,
      principal,
      operationId: operation.contract.operation.id,
      action: operation.action,
      outcome,
      ...(reason !== undefined && { reason }),
      targetId: Object.values(request.params as Record<string, string>).at(-1) ?? audited.instanceId,
      body: request.body,
      address: addressOf(request),
      correlationId: trace.correlationId,
      latencyMs: Math.round(reply.elapsedTime),
    });
  }

  commonHeaders(request: FastifyRequest): Record<string, string> {
    const { trace } = this.admission.stateOf(request);
    return {
      'x-request-id': trace.requestId,
      'x-correlation-id': trace.correlationId,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    };
  }

  observe(request: FastifyRequest, reply: FastifyReply): void {
    const { trace, principal, operation } = this.admission.stateOf(request);
    this.options.observer.answered({
      operationId: operation?.contract.operation.id,
      method: request.method,
      status: reply.statusCode,
      latencyMs: Math.round(reply.elapsedTime),
      requestId: trace.requestId,
      correlationId: trace.correlationId,
      iamId: principal?.iamId,
      accountId: principal?.accountId,
    });
  }
}

/** What a caller wants to delete at a certain version may be gone by another's hand: that is another version too. */
async function handled(operation: BoundOperation, call: OperationCall, dryRun: boolean): Promise<OperationAnswer> {
  try {
    return await operation.handle(call, dryRun);
  } catch (error) {
    const conditional = operation.contract.operation.method === 'DELETE' && call.ifMatch !== undefined;
    throw conditional && translateError(error)?.status === 404 ? preconditionFailed() : error;
  }
}

/** Checked against the document before: any value but `validate` was refused. */
const isDryRun = ({ headers }: FastifyRequest): boolean => headers[DRY_RUN_HEADER.toLowerCase()] !== undefined;

function callOf(request: FastifyRequest, state: RequestState): OperationCall {
  const { principal, instance, answerType, query, trace } = state;
  // Admission never lets a request through without a principal.
  if (!principal) throw new Error('a request reached its handler without a principal');
  return {
    principal,
    instance: () => {
      if (!instance) throw notFound();
      return instance;
    },
    path: request.params as Record<string, string>,
    query,
    body: request.body,
    answerType,
    ifMatch: request.headers['if-match'],
    target: request.url.split('?')[0] ?? '',
    correlationId: trace.correlationId,
    address: addressOf(request),
  };
}
