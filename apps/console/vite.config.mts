import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const COMPRESSED = /\.(html|js|css|svg|json)$/;

/** The server sends these as they lie there, by `Accept-Encoding`: nothing is compressed while somebody waits. */
function precompressed(): Plugin {
  return {
    name: 'precompressed',
    apply: 'build',
    async writeBundle({ dir = '' }) {
      const files = (await readdir(dir, { recursive: true })).filter((file) => COMPRESSED.test(file));
      await Promise.all(
        files.map(async (file) => {
          const path = join(dir, file);
          const content = await readFile(path);
          await Promise.all([
            promisify(brotliCompress)(content).then((smaller) => writeFile(`${path}.br`, smaller)),
            promisify(gzip)(content, { level: 9 }).then((smaller) => writeFile(`${path}.gz`, smaller)),
          ]);
        }),
      );
    },
  };
}

export default defineConfig({
  base: '/console/',
  plugins: [react(), precompressed()],
  build: {
    outDir: process.env['CONSOLE_OUT_DIR'] ?? '../../dist/console',
    emptyOutDir: true,
    // The policy of the pages allows neither inline scripts nor `data:` but for images.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true,
    rolldownOptions: {
      checks: { bundlerTimings: false },
      output: {
        // What changes seldom has a file of its own, which a browser keeps over releases of ours.
        codeSplitting: {
          groups: [{ name: 'react', test: /node_modules\/(react|react-dom|react-router|scheduler|@tanstack)\// }],
        },
      },
    },
  },
  css: { preprocessorOptions: { scss: { quietDeps: true } } },
});
