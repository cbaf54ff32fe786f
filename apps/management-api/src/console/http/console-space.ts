import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';

import { addressGroup } from '@lib/kmip-transport';

import { IamUnavailableError } from '../../auth/iam-key-set';
import { type Limiter, refuseWhenLimited } from '../../http/admission';
import { ApiError, notFound } from '../../http/api-error';
import { errorContainer, internalError, translateError } from '../../http/error-translation';
import { stateOf } from '../../http/request-state';
import { type EarlyRefusal, type RouteSpace, Space } from '../../http/route-space';
import { addressOf } from '../../http/server-limits';
import { type AnswerObserver } from '../../http/tenant-space';
import { ADDRESS_LIMITER, ANSWER_OBSERVER, PUBLIC_URL } from '../../http/tokens';
import { consolePage, type ConsolePageName } from '../pages/console-page';

/**
 * No inline script or style, nothing from another host, no framing. Carbon styles by CSSOM, which `style-src` allows.
 * The way to IAM and back is links and redirects, so no form leaves us.
 */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** What scripts of a page ask: they are answered in JSON, and people with a page. */
const FOR_SCRIPTS = /^\/console\/(api\/|logout([/?]|$))/;

/** The pages of the console, and what its session is asked. The tenant API under `/console/api/v1` is in its own space. */
@Injectable()
@Space(['/console', '/dashboard'])
export class ConsoleSpace implements RouteSpace {
  /** Nothing here has a body. */
  readonly maxBodyBytes = 1_024;

  constructor(
    @Inject(ADDRESS_LIMITER) private readonly limiter: Limiter,
    @Inject(ANSWER_OBSERVER) private readonly observer: AnswerObserver,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  async admit(request: FastifyRequest): Promise<void> {
    refuseWhenLimited(this.limiter, addressGroup(addressOf(request)));
    return Promise.resolve();
  }

  parse(): undefined {
    return undefined;
  }

  headers(request: FastifyRequest): Record<string, string> {
    const { trace } = stateOf(request);
    return {
      'x-request-id': trace.requestId,
      'x-correlation-id': trace.correlationId,
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    };
  }

  answered(): void {
    // What matters of it is told by who signs people in and out.
  }

  refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { correlationId } = stateOf(request).trace;
    const known = error instanceof NotFoundException ? notFound() : translateError(error);
    const answer = known ?? internalError();
    if (answer.status >= 500) this.observer.failed(error, correlationId);
    void reply.code(answer.status).headers({ ...answer.headers, 'cache-control': 'no-store' });
    if (FOR_SCRIPTS.test(request.url)) {
      const body = errorContainer(answer, correlationId, this.publicUrl);
      void reply.type('application/json; charset=utf-8').send(body);
    } else {
      const page = pageOf(error, answer);
      const shown = consolePage({ page, ...(page === 'failed' && { code: correlationId }) }, languagesOf(request));
      void reply.type('text/html; charset=utf-8').send(shown);
    }
    return Promise.resolve();
  }

  refuseEarly(error: Error, correlationId: string): EarlyRefusal {
    const refusal = translateError(error) ?? internalError();
    return { status: refusal.status, body: errorContainer(refusal, correlationId, this.publicUrl) };
  }
}

function pageOf(error: unknown, { status }: ApiError): ConsolePageName {
  if (error instanceof IamUnavailableError) return 'unavailable';
  if (status === 429) return 'too_many';
  return status >= 500 ? 'failed' : 'not_found';
}

export const languagesOf = ({ headers }: FastifyRequest): string | undefined => headers['accept-language'];

/** A small page of ours. */
export function showPage(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  page: Parameters<typeof consolePage>[0],
): void {
  void reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(consolePage(page, languagesOf(request)));
}
