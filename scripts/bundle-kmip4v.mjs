/**
 * Before `npm pack` of apps/kmip4v: everything that a tenant's command needs in one file, so that the package has nothing
 * to install. What needs the region's modules stays outside.
 */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const repository = fileURLToPath(new URL('..', import.meta.url));

await build({
  absWorkingDir: repository,
  entryPoints: ['apps/kmip4v/src/main.ts'],
  outfile: 'apps/kmip4v/dist/kmip4v.js',
  tsconfig: 'tsconfig.json',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  legalComments: 'inline',
  logLevel: 'warning',
});
