import { processLog } from '@lib/observability';
import Fastify, { LogController, type FastifyInstance, type FastifyRequest } from 'fastify';

const JSON_TYPES = /^application\/(json|vnd\.ibm\.[a-z._-]+\+json)\s*(;|$)/;
/** Enough for the largest key and 100 usage records, small enough to buffer. */
const BODY_LIMIT_BYTES = 1024 * 1024;
/** A CRN in a path, percent-encoded, has about 140 characters. */
const PATH_SEGMENT_LIMIT = 2048;

/** Thrown by the body parser; each area turns it into its own error shape. */
export class UnreadableBodyError extends Error {
  readonly statusCode = 400;
}

export function createServer(logLevel: string | undefined): FastifyInstance {
  const app = Fastify({
    logger: logLevel === undefined ? false : { level: logLevel, stream: processLog() },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    exposeHeadRoutes: false,
    // Requests left hanging on purpose must not hold up the end.
    forceCloseConnections: true,
    routerOptions: { maxParamLength: PATH_SEGMENT_LIMIT },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(JSON_TYPES, { parseAs: 'string' }, (_request: FastifyRequest, body: string) => {
    // Inside a promise: fastify does not catch what a parser throws, and one bad body would end the process.
    return new Promise((resolve) => resolve(parseJson(body)));
  });
  return app;
}

/** Clients send the content type on requests without a body too: that is no body, not a broken one. */
function parseJson(body: string): unknown {
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    // The parser's own message quotes the body, which may hold a key.
    throw new UnreadableBodyError('the body is not JSON');
  }
}
