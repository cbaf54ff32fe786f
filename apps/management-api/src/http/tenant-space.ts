import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify';

import { RequestAdmission } from './admission';
import { ApiError, notFound } from './api-error';
import { CallTrail } from './call-trail';
import { errorContainer, internalError, translateError } from './error-translation';
import { type BoundOperation, type OperationBinding } from './operation';
import { EVENT_STREAM } from './media-types';
import { OperationTable } from './operation-table';
import { stateOf } from './request-state';
import { type EarlyRefusal, type RouteSpace, Space } from './route-space';
import { parseStrictJson } from './strict-json';
import { ANSWER_OBSERVER, PUBLIC_URL } from './tokens';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of the decorator. */
    binding?: OperationBinding;
    /** The same, joined with the document. */
    boundOperation?: BoundOperation;
  }
}

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
  /** It went on for as long as the caller wanted. */
  readonly isStream: boolean;
  readonly requestId: string;
  readonly correlationId: string;
  readonly iamId: string | undefined;
  readonly accountId: string | undefined;
}

/**
 * The tenants' routes. Order of checks (API Handbook): 429, 401, 414, 405, 404, 403, headers, query, body; all but the
 * last by `admit`, so that nobody's body is read before he is known and permitted.
 */
@Injectable()
@Space(['/v1'])
export class TenantSpace implements RouteSpace {
  /** The largest useful body is a certificate. */
  readonly maxBodyBytes = 1_048_576;

  constructor(
    @Inject(OperationTable) private readonly operations: OperationTable,
    @Inject(RequestAdmission) private readonly admission: RequestAdmission,
    @Inject(CallTrail) private readonly trail: CallTrail,
    @Inject(ANSWER_OBSERVER) private readonly observer: AnswerObserver,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  bind({ method, url, config }: RouteOptions): object {
    const boundOperation = this.operations.bind({ method: String(method), url, binding: config?.binding });
    return boundOperation ? { boundOperation } : {};
  }

  admit(request: FastifyRequest): Promise<void> {
    return this.admission.admit(request);
  }

  /** A body that no operation asked for (DELETE) is read, within the limit, and ignored. */
  parse(mediaType: string | undefined, body: Buffer): unknown {
    // IBM's clients send the media type with an empty DELETE.
    return mediaType === undefined || body.length === 0 ? undefined : parseStrictJson(body);
  }

  headers(request: FastifyRequest): Record<string, string> {
    const { trace, newCookie } = stateOf(request);
    return {
      'x-request-id': trace.requestId,
      'x-correlation-id': trace.correlationId,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(newCookie !== undefined && { 'set-cookie': newCookie }),
    };
  }

  answered(request: FastifyRequest, reply: FastifyReply): void {
    const { trace, principal, operation } = stateOf(request);
    this.observer.answered({
      operationId: operation?.contract.operation.id,
      method: request.method,
      status: reply.statusCode,
      latencyMs: Math.round(reply.elapsedTime),
      isStream: String(reply.getHeader('content-type')).startsWith(EVENT_STREAM),
      requestId: trace.requestId,
      correlationId: trace.correlationId,
      iamId: principal?.iamId,
      accountId: principal?.accountId,
    });
  }

  async refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { correlationId } = stateOf(request).trace;
    const known = this.#known(error, request);
    if (!known || known.status >= 500) this.observer.failed(error, correlationId);
    let answer = known ?? internalError();
    try {
      await this.trail.record(request, reply, 'failure', answer.faults[0]?.code);
    } catch (lost) {
      this.observer.failed(lost, correlationId);
      answer = translateError(lost) ?? internalError();
    }
    void reply
      .code(answer.status)
      .headers({ ...answer.headers })
      .type('application/json; charset=utf-8')
      .send(errorContainer(answer, correlationId, this.publicUrl));
  }

  refuseEarly(error: Error, correlationId: string): EarlyRefusal {
    const refusal = translateError(error) ?? internalError();
    return { status: refusal.status, body: errorContainer(refusal, correlationId, this.publicUrl) };
  }

  #known(error: unknown, request: FastifyRequest): ApiError | undefined {
    return error instanceof NotFoundException ? this.#notFoundOr405(request) : translateError(error);
  }

  /** The answer to a request that no route took. */
  #notFoundOr405(request: FastifyRequest): ApiError {
    const path = request.url.split('?')[0] ?? '';
    const allowed = this.operations.methodsAt(path);
    if (allowed.length === 0) return notFound();
    const allow = [...new Set(allowed.includes('GET') ? [...allowed, 'HEAD'] : allowed)].join(', ');
    return new ApiError(405, [{ code: 'method_not_allowed', message: `Allowed here: ${allow}.` }], { allow });
  }
}
