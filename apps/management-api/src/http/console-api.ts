import { type IncomingMessage } from 'node:http';

import { type FastifyRequest } from 'fastify';

/** Under it pages of the console reach the tenant API. */
const PREFIX = '/console/api';
const OF_CONSOLE = `${PREFIX}/v1/`;

const requests = new WeakSet<IncomingMessage>();

/**
 * The same routes in the same process, for who is signed in to the console: what differs is by what the caller says who
 * he is. For Fastify's option `rewriteUrl`.
 */
export function rewriteUrl(request: IncomingMessage): string {
  const { url = '/' } = request;
  if (!url.startsWith(OF_CONSOLE)) return url;
  requests.add(request);
  return url.slice(PREFIX.length);
}

/** Its caller is the person of a session, whatever else the request says. */
export const isOfConsole = ({ raw }: FastifyRequest): boolean => requests.has(raw);
