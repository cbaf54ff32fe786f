import { type PairRow } from '../rows';
import { processLog } from '@lib/observability';
import Fastify, { LogController, type FastifyInstance } from 'fastify';

const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
const PATH_SEGMENT_LIMIT = 512;

/** HTTPS with the certificate that the vCenter's own CA signed, as a fresh installation has it. */
export function createServer(web: PairRow, logLevel: string | undefined): FastifyInstance {
  const app = Fastify({
    https: { cert: web.certificate, key: web.privateKey, minVersion: 'TLSv1.2' },
    logger: logLevel === undefined ? false : { level: logLevel, stream: processLog() },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    exposeHeadRoutes: false,
    // Requests left hanging on purpose must not hold up the end.
    forceCloseConnections: true,
    routerOptions: { maxParamLength: PATH_SEGMENT_LIMIT },
  });
  app.removeAllContentTypeParsers();
  // What is no JSON is told by the routes in their own words; each space has others.
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  return app;
}

/** @returns undefined without a body @throws SyntaxError, of which the message quotes the body: never show it */
export const parseBody = (body: unknown): unknown =>
  typeof body !== 'string' || body === '' ? undefined : JSON.parse(body);
