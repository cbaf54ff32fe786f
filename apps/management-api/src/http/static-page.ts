import { type FastifyInstance } from 'fastify';

export interface StaticFile {
  /** Below the plugin's prefix. */
  readonly url: string;
  readonly type: string;
  readonly content: string;
}

/** Nothing from another host, no inline script, no framing: one of the pages holds an access token while it is open. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves what was read at the start, to anybody. */
export function serveStatic(fastify: FastifyInstance, files: readonly StaticFile[]): void {
  const headers = {
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
  for (const { url, type, content } of files) {
    fastify.get(url, (_request, reply) => reply.headers(headers).type(`${type}; charset=utf-8`).send(content));
  }
}
