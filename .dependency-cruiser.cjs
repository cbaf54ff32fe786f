const { readFileSync } = require('node:fs');

/** What the table of key managers imports is a driver (docs/adr/0087). */
const drivers = Array.from(
  readFileSync(`${__dirname}/libs/platform/src/key-manager-drivers.ts`, 'utf8').matchAll(/ from '@lib\/([^']+)'/g),
  ([, library]) => library,
).filter((library) => library !== 'key-manager');

/**
 * The import rules of the house (docs/architecture.md). A lib may import only what is listed for it;
 * everything else is an error, so a new arrow is a decision and not an accident.
 */
const mayImport = {
  kernel: [],
  terminal: [],
  'kmip-protocol': ['kernel'],
  resilience: ['kernel'],
  'vi-json': ['kernel'],
  'key-manager': ['kernel', 'resilience'],
  audit: ['kernel'],
  config: ['kernel'],
  observability: ['kernel'],
  pki: ['kernel'],
  'embedded-postgres': ['kernel'],
  'stand-in': ['kernel'],
  'kmip-client': ['kernel', 'kmip-protocol'],
  'tenant-api-client': ['kernel'],
  'kmip-transport': ['kernel', 'kmip-protocol'],
  ...Object.fromEntries(drivers.map((driver) => [driver, ['kernel', 'key-manager', 'resilience']])),
  tenancy: ['kernel', 'audit', 'key-manager', 'pki'],
  metering: ['kernel'],
  diagnosis: ['kernel', 'pki', 'tenancy'],
  'service-instances': ['kernel', 'audit', 'pki', 'tenancy', 'metering'],
  'kmip-engine': ['kernel', 'kmip-protocol', 'key-manager', 'audit'],
  persistence: [
    'kernel',
    'audit',
    'tenancy',
    'service-instances',
    'metering',
    'diagnosis',
    'kmip-engine',
    'kmip-protocol',
  ],
  platform: [
    'kernel',
    'config',
    'observability',
    'persistence',
    'tenancy',
    'service-instances',
    'metering',
    'diagnosis',
    'audit',
    'key-manager',
    ...drivers,
    'kmip-engine',
    'pki',
  ],
};

/** npm packages and Node modules that only some places may touch. */
const guarded = [
  { name: 'nestjs', to: '^(@nestjs/|node_modules/@nestjs/)', only: '^(apps/|libs/platform/)' },
  {
    name: 'database',
    to: 'node_modules/(typeorm|pg)/',
    only: '^(libs/persistence/|libs/platform/|libs/embedded-postgres/|libs/testing/|migrations/|test/)',
  },
  {
    name: 'tls-and-net',
    to: '^(node:)?(tls|net)$',
    only: '^(libs/kmip-transport/|libs/kmip-client/|libs/vi-json/|libs/stand-in/src/folder-claim|libs/testing/|apps/launcher/|apps/local-cloud/src/key-protect/network-policy|apps/kmip4v/|apps/management-api/src/http/server-limits|apps/management-api/src/webhooks/(guarded-post|public-address|webhook-url)|libs/persistence/src/database/(connection|primary-finder)|test/)',
  },
];

const spec = '\\.(spec|int-spec|e2e-spec|fixture)\\.ts$';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [
          spec,
          '^migrations/',
          '^test/',
          '/main\\.ts$',
          '/cli\\.ts$',
          '/demo\\.ts$',
          '/token\\.ts$',
          '^apps/console/',
        ],
      },
      to: {},
    },
    {
      name: 'only-through-the-index',
      severity: 'error',
      from: { path: '^(apps|libs)/([^/]+)/', pathNot: '^apps/console/src/api/schema\\.ts$' },
      to: { path: '^libs/([^/]+)/src/(?!index\\.ts$)', pathNot: '^libs/$2/' },
    },
    {
      // It runs in a browser: of the libraries it knows the types of the tenant API alone.
      name: 'the-console-knows-the-contract-alone',
      severity: 'error',
      from: { path: '^apps/console/' },
      to: { path: '^libs/', pathNot: '^libs/tenant-api-client/src/schema\\.ts$' },
    },
    {
      name: 'the-console-in-the-console-alone',
      severity: 'error',
      from: { pathNot: '^apps/console/' },
      to: {
        path: '^(apps/console/|node_modules/(react|react-dom|react-router|@carbon|@tanstack|i18next|react-i18next|vite)/)',
      },
    },
    {
      // The spec of the console's words asks which reasons the service has.
      name: 'apps-never-import-apps',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/(kmip4v/src/admin/|console/src/i18n/words\\.spec\\.ts$)' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      // One command line for tenants and for the operator (docs/adr/0116).
      name: 'of-other-apps-the-operator-commands-alone',
      severity: 'error',
      from: { path: '^apps/kmip4v/src/admin/' },
      to: { path: '^apps/', pathNot: '^apps/(kmip4v/|management-api/src/cli/)' },
    },
    { name: 'libs-never-import-apps', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'testing-is-for-tests',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: [spec, '^libs/testing/'] },
      to: { path: '^libs/testing/' },
    },
    ...Object.entries(mayImport).map(([lib, allowed]) => ({
      name: `${lib}-imports`,
      severity: 'error',
      from: { path: `^libs/${lib}/`, pathNot: spec },
      to: { path: '^libs/', pathNot: [`^libs/${lib}/`, ...allowed.map((name) => `^libs/${name}/`)] },
    })),
    ...guarded.map(({ name, to, only }) => ({
      name: `guarded-${name}`,
      severity: 'error',
      from: { path: '^(apps|libs|migrations)/', pathNot: [only, spec] },
      to: { path: to },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
