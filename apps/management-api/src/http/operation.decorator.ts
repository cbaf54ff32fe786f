import { applyDecorators, createParamDecorator, type ExecutionContext, UseInterceptors } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { type FastifyRequest } from 'fastify';

import { type Action } from '@lib/tenancy';

import { notFound } from './api-error';
import {
  type ChangeCheck,
  type FurtherNeeds,
  type OperationBinding,
  type OperationCall,
  type OperationHandler,
} from './operation';
import { OperationInterceptor } from './operation.interceptor';
import { stateOf } from './request-state';
import { addressOf } from './server-limits';

type MethodOf<Kind> = <Method extends Kind>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Beside `@Get()`, `@Post()` and so on: which operation of docs/openapi/tenant-api.yaml the method is, and the action that
 * its caller must be permitted, with what it needs besides. Parameters, schemas and headers are those of the document; a route under `/v1` that names
 * no operation, or another path than the document, keeps the application from starting.
 */
export const Operation = (operationId: string, action: Action, needs: FurtherNeeds = {}): MethodOf<OperationHandler> =>
  bound({ operationId, action, kind: 'direct', needs });

/**
 * The same for an operation whose document has `IBM-API-Dry-Run`. The method only checks, and returns the change: who
 * calls it decides whether to make it, so that a method cannot forget that a dry run was asked for.
 */
export const CheckedOperation = (
  operationId: string,
  action: Action,
  needs: FurtherNeeds = {},
): MethodOf<ChangeCheck> => bound({ operationId, action, kind: 'checked', needs });

const bound = (binding: OperationBinding): MethodOf<unknown> =>
  applyDecorators(RouteConfig({ binding }), UseInterceptors(OperationInterceptor));

/** The request of an operation, see {@link OperationCall}. */
export const Call = createParamDecorator((_: unknown, context: ExecutionContext): OperationCall =>
  callOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** Of who brings a token of his own. */
const neverOut = () => () => undefined;

function callOf(request: FastifyRequest): OperationCall {
  const { principal, instance, answerType, query, trace, isSignedIn, onSignedOut = neverOut } = stateOf(request);
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
    lastEventId: request.headers['last-event-id']?.toString(),
    isValid: async () => Date.now() < principal.expiresAt * 1_000 && (await isSignedIn?.()) !== false,
    onSignedOut,
    target: request.url.split('?')[0] ?? '',
    correlationId: trace.correlationId,
    address: addressOf(request),
  };
}
