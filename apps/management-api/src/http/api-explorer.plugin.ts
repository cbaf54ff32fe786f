import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type FastifyInstance } from 'fastify';

import { type ApiDocument } from './openapi/document';

export interface ApiExplorerOptions {
  readonly document: ApiDocument;
  /** Holds `explorer/`. */
  readonly folder: string;
}

const FILES = [
  { url: '/docs', file: 'index.html', type: 'text/html; charset=utf-8' },
  { url: '/docs/explorer.mjs', file: 'explorer.mjs', type: 'text/javascript; charset=utf-8' },
  { url: '/docs/explorer.css', file: 'explorer.css', type: 'text/css; charset=utf-8' },
];

/** Nothing from another host, no inline script, no framing: the page holds an access token while it is open. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The document and an interactive page for it, from local files alone. Needs no token; registered with prefix `/v1`. */
export function apiExplorer(fastify: FastifyInstance, options: ApiExplorerOptions, done: () => void): void {
  const json = JSON.stringify(options.document.source);
  const headers = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };
  fastify.get('/openapi.json', (_request, reply) =>
    reply.headers(headers).type('application/json; charset=utf-8').send(json),
  );
  for (const { url, file, type } of FILES) {
    const content = readFileSync(join(options.folder, 'explorer', file), 'utf8');
    fastify.get(url, (_request, reply) =>
      reply
        .headers({ ...headers, 'content-security-policy': POLICY })
        .type(type)
        .send(content),
    );
  }
  done();
}
