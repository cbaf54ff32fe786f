import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type FastifyInstance } from 'fastify';

import { type ApiDocument } from './openapi/document';
import { serveStatic } from './static-page';

export interface ApiExplorerOptions {
  readonly document: ApiDocument;
  /** Holds `explorer/`. */
  readonly folder: string;
}

const FILES = [
  { url: '/docs', file: 'index.html', type: 'text/html' },
  { url: '/docs/explorer.mjs', file: 'explorer.mjs', type: 'text/javascript' },
  { url: '/docs/explorer.css', file: 'explorer.css', type: 'text/css' },
];

/** The document and an interactive page for it, from local files alone. Needs no token; registered with prefix `/v1`. */
export function apiExplorer(fastify: FastifyInstance, options: ApiExplorerOptions, done: () => void): void {
  serveStatic(fastify, [
    { url: '/openapi.json', type: 'application/json', content: JSON.stringify(options.document.source) },
    ...FILES.map(({ url, file, type }) => ({
      url,
      type,
      content: readFileSync(join(options.folder, 'explorer', file), 'utf8'),
    })),
  ]);
  done();
}
