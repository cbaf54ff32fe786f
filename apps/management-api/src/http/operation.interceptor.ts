import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { lastValueFrom, type Observable, of } from 'rxjs';

import { preconditionFailed } from './api-error';
import { CallTrail } from './call-trail';
import { DRY_RUN_HEADER } from './dry-run';
import { ifNoneMatchHits } from './entity-tag';
import { translateError } from './error-translation';
import { EVENT_STREAM } from './media-types';
import { type BoundOperation, type CheckedChange, type OperationAnswer } from './operation';
import { actionsOfContent, Permission } from './permission';
import { stateOf } from './request-state';

/** Around each operation: its body is checked, a read is recorded, and what it answers is put on the wire. */
@Injectable()
export class OperationInterceptor implements NestInterceptor<OperationAnswer | CheckedChange> {
  constructor(
    @Inject(CallTrail) private readonly trail: CallTrail,
    @Inject(Permission) private readonly permission: Permission,
  ) {}

  async intercept(
    context: ExecutionContext,
    next: CallHandler<OperationAnswer | CheckedChange>,
  ): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const [request, reply] = [http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()];
    const { operation, principal, instance, query } = stateOf(request);
    if (!operation) throw new Error('a request reached its handler without being admitted');
    operation.contract.checkBody(request.headers['content-type'], request.body ?? undefined);
    if (principal && instance) {
      await this.permission.require(principal, instance, actionsOfContent(operation, request.body, query));
    }
    const answer = await answered(operation, request, next);
    if (operation.contract.operation.method === 'GET') await this.trail.record(request, reply, 'success');
    return of(written(answer, request, reply));
  }
}

async function answered(
  operation: BoundOperation,
  request: FastifyRequest,
  next: CallHandler<OperationAnswer | CheckedChange>,
): Promise<OperationAnswer> {
  try {
    const result = await lastValueFrom(next.handle());
    if (typeof result !== 'function') return result;
    return isDryRun(request) ? { status: 204 } : await result();
  } catch (error) {
    // What a caller wants to delete at a certain version may be gone by another's hand: that is another version too.
    const conditional = operation.contract.operation.method === 'DELETE' && request.headers['if-match'] !== undefined;
    throw conditional && translateError(error)?.status === 404 ? preconditionFailed() : error;
  }
}

/** Checked against the document before: any value but `validate` was refused. */
const isDryRun = ({ headers }: FastifyRequest): boolean => headers[DRY_RUN_HEADER.toLowerCase()] !== undefined;

/** @returns what Nest sends */
function written(answer: OperationAnswer, request: FastifyRequest, reply: FastifyReply): unknown {
  const { status, etag, location, stream, body } = answer;
  reply.code(status);
  if (etag !== undefined) {
    reply.header('etag', `"${etag}"`);
    if (request.method !== 'PUT' && ifNoneMatchHits(request.headers['if-none-match'], etag)) {
      reply.code(304);
      return undefined;
    }
  }
  if (location !== undefined) reply.header('location', location);
  if (stream) {
    reply.type(stream.type);
    // Proxies that gather an answer would keep events from whoever waits for them.
    if (stream.type === EVENT_STREAM) reply.header('x-accel-buffering', 'no');
    if (request.method !== 'HEAD') return stream.content;
    // Fastify would read it to its end for nobody.
    stream.content.destroy();
    return undefined;
  }
  if (body !== undefined) reply.type('application/json; charset=utf-8');
  return body;
}
