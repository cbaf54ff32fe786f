import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { type FastifyInstance } from 'fastify';

import { errorGuide } from './error-guide';
import { openApiFolder } from './openapi/document';
import { serveStatic } from './static-page';

/** docs/errors.md, which is installed beside the document of the API. */
export const readErrorGuide = (folder = openApiFolder()): string =>
  errorGuide(readFileSync(join(dirname(folder), 'errors.md'), 'utf8'));

/**
 * What every `more_info` points at: cause and remedy of each error, for whoever follows the link, without a token.
 * Always served, unlike the explorer: an error must be understood in production first of all. Prefix `/v1`.
 */
export function errorGuidePlugin(fastify: FastifyInstance, { folder }: { folder: string }, done: () => void): void {
  serveStatic(fastify, [
    { url: '/errors', type: 'text/html', content: readErrorGuide(folder) },
    {
      url: '/errors/page.css',
      type: 'text/css',
      content: readFileSync(join(folder, 'explorer', 'explorer.css'), 'utf8'),
    },
  ]);
  done();
}
