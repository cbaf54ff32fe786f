import { newCorrelationId } from '@lib/kernel';
import { type FastifyReply, type FastifyRequest } from 'fastify';

/** An answer in the shape of one space of routes. */
export interface EarlyRefusal {
  readonly status: number;
  readonly body: object;
}

type RefuseEarly = (error: Error, correlationId: string) => EarlyRefusal;

/**
 * For Fastify's option `frameworkErrors`: refusals of paths that no route can be looked up for, such as an identifier
 * that is too long. They come before every hook, so nobody is known yet, and the path is not repeated.
 * @param spaces by prefix, such as `/v1`
 */
export function earlyRefusals(
  spaces: Readonly<Record<string, RefuseEarly>>,
): (error: Error, request: FastifyRequest, reply: FastifyReply) => void {
  return (error, request, reply) => {
    const correlationId = newCorrelationId();
    const [, space = ''] = /^(\/[^/?#]*)/.exec(request.url) ?? [];
    const refuse = Object.hasOwn(spaces, space) ? spaces[space] : undefined;
    const { status, body } = refuse?.(error, correlationId) ?? { status: statusOf(error), body: {} };
    void reply
      .code(status)
      .headers({ 'x-correlation-id': correlationId, 'cache-control': 'no-store' })
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(body));
  };
}

const statusOf = (error: Error): number =>
  'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
