import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';

import { newCorrelationId } from '@lib/kernel';
import { type ActionContext } from '@lib/tenancy';

import { initiatorOf } from './originating-identity';

const OBSERVER = 'service-broker';

/** One authenticated request of the platform. */
export interface OsbCall {
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly ifNoneMatch: string | undefined;
  readonly context: ActionContext;
}

/** The request of a method, see {@link OsbCall}. */
export const Call = createParamDecorator((_: unknown, execution: ExecutionContext): OsbCall => {
  const request = execution.switchToHttp().getRequest<FastifyRequest>();
  return {
    path: request.params as Record<string, string>,
    query: new URLSearchParams(request.url.split('?')[1] ?? ''),
    body: request.body,
    ifNoneMatch: request.headers['if-none-match'],
    context: contextOf(request),
  };
});

const contexts = new WeakMap<FastifyRequest, ActionContext>();

/** Who caused a request, and by which id it is found again. */
export function contextOf(request: FastifyRequest): ActionContext {
  const known = contexts.get(request);
  if (known) return known;
  const initiator = initiatorOf(headerOf(request, 'x-broker-api-originating-identity'));
  const context = { initiator, correlationId: newCorrelationId(), observer: OBSERVER };
  contexts.set(request, context);
  return context;
}

export function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
