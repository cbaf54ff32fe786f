/**
 * Before `npm pack` of apps/kmip4v: everything that a tenant's command needs in one file (`[FILE]`), so that the package
 * has nothing to install. What needs the region's modules stays outside.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** The operator's commands stay where the modules of the region are. */
const admin = {
  name: 'admin-elsewhere',
  setup({ onResolve }) {
    onResolve({ filter: /\/admin-entry$/ }, ({ resolveDir }) => ({
      path: join(resolveDir, 'admin', 'admin-elsewhere.ts'),
    }));
  },
};

await build({
  absWorkingDir: repository,
  entryPoints: ['apps/kmip4v/src/main.ts'],
  outfile: process.argv[2] ?? 'apps/kmip4v/dist/kmip4v.js',
  tsconfig: 'tsconfig.json',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  legalComments: 'inline',
  // verify-audit asks whether it is the program itself; here it never is.
  logOverride: { 'empty-import-meta': 'silent' },
  logLevel: 'warning',
  plugins: [admin],
});
