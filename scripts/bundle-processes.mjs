/**
 * The last step of `npm run build`: what each process has of ours becomes one file in the place of its compiled `main.js`, and
 * the packages of all of them another one, `dist/packages.js`. A process had up to 2,300 files to find, read and compile, which
 * was most of what its start cost (docs/adr/0126). Compiled modules stay where they are, for what is started once.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { parse } from 'yaml';

import { ourLines } from './our-lines.mjs';

const repository = fileURLToPath(new URL('..', import.meta.url));
const API_DOCUMENT = `${repository}docs/openapi/tenant-api.yaml`;
/** As seen from `dist/apps/<app>/src`. */
const PACKAGES = '../../../packages.js';

const bundles = [
  ...['launcher', 'kmip-gateway', 'management-api', 'local-cloud', 'local-vcenter'].map((app) => ({
    in: `dist/apps/${app}/src/main.js`,
    out: `apps/${app}/src/main`,
  })),
  // Commands of tenants need few modules; behind those of the operator are the region's.
  { in: 'dist/apps/kmip4v/src/main.js', out: 'apps/kmip4v/src/main-with-region' },
];

/** What Nest offers to load and is not installed. One more fails the build. */
const notInstalled = [
  ...['@nestjs/platform-express', '@nestjs/websockets', '@fastify/view', 'class-transformer', 'class-validator'],
  ...[
    '@grpc/grpc-js',
    '@grpc/proto-loader',
    'amqp-connection-manager',
    'amqplib',
    'ioredis',
    'kafkajs',
    'mqtt',
    'nats',
  ],
];

/** Which the primary of an endpoint needs as well. It has nothing to serve, and is small without the others. */
const OF_EACH = ['pino', 'prom-client', 'zod'];
const packages = new Set();

/** Loaded when they are asked for, as before. */
const fromPackages = {
  name: 'from-packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind, importer }) => {
      const isOurs = kind !== 'entry-point' && !importer.includes('node_modules');
      if (!isOurs || isBuiltin(path) || OF_EACH.includes(path)) return undefined;
      packages.add(path);
      return { path, namespace: 'package' };
    });
    onLoad({ filter: /^/, namespace: 'package' }, ({ path }) => ({
      contents: `module.exports = require('${PACKAGES}')['${path}']();`,
    }));
  },
};

/** Read here, and not at each start of the API: YAML of that length takes half a second. */
const apiDocument = {
  name: 'api-document',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]openapi[\\/]document-source\.js$/ }, async () => {
      const text = JSON.stringify(parse(await readFile(API_DOCUMENT, 'utf8')));
      return { contents: `exports.documentSource = () => JSON.parse(${JSON.stringify(text)});` };
    });
  },
};

const settings = {
  absWorkingDir: repository,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  legalComments: 'inline',
  // verify-audit asks whether it is the program itself; here it never is.
  logOverride: { 'empty-import-meta': 'silent' },
  logLevel: 'warning',
};

await build({
  ...settings,
  entryPoints: bundles,
  outdir: 'dist',
  allowOverwrite: true,
  external: [PACKAGES],
  plugins: [apiDocument, fromPackages],
  sourcemap: true,
  sourcesContent: false,
});
for (const { out } of bundles) {
  const file = `${repository}dist/${out}.js.map`;
  await writeFile(file, JSON.stringify(ourLines(JSON.parse(await readFile(file, 'utf8')))));
}
await build({
  ...settings,
  stdin: {
    contents: [...packages].map((name) => `exports['${name}'] = () => require('${name}');\n`).join(''),
    resolveDir: repository,
  },
  outfile: 'dist/packages.js',
  external: notInstalled,
});
