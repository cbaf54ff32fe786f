import { newCorrelationId } from '@lib/kernel';
import { type FastifyReply, type FastifyRequest } from 'fastify';

import { type RouteSpace, type RouteSpaces } from './route-space';

/**
 * What Fastify refuses of paths that no route can be looked up for, such as an identifier that is too long. It comes
 * before every hook, so nobody is known yet, and the path is not repeated. The server is made before the spaces are.
 */
export class EarlyRefusals {
  #spaces: Pick<RouteSpaces, 'at'> | undefined;

  of(spaces: Pick<RouteSpaces, 'at'>): void {
    this.#spaces = spaces;
  }

  /** For Fastify's option `frameworkErrors`. */
  readonly answer = (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    const correlationId = newCorrelationId();
    const space: Pick<RouteSpace, 'refuseEarly'> | undefined = this.#spaces?.at(request.url);
    const { status, body } = space?.refuseEarly(error, correlationId) ?? { status: statusOf(error), body: {} };
    void reply
      .code(status)
      .headers({ 'x-correlation-id': correlationId, 'cache-control': 'no-store' })
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(body));
  };
}

const statusOf = (error: Error): number =>
  'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
