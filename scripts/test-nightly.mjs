// The long form of every test that has a short one: npm run test:nightly [-- NAME...]
// With names, those alone. Each is run, whatever the ones before it said; exit status 1 when one failed.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const jest = (projects, pattern) => [
  'npx',
  'jest',
  '--selectProjects',
  ...projects,
  '--runInBand',
  '--testPathPatterns',
  pattern,
];

const SUFFIX = '.e2e-spec.ts';
const SPECS = readdirSync(new URL('../test/nightly', import.meta.url))
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length));

const forms = [
  { name: 'kill-nine', environment: { KILL_ROUNDS: '1000' }, command: jest(['e2e'], 'e2e/kill-nine') },
  {
    name: 'broker-kill-nine',
    environment: { BROKER_KILL_ROUNDS: '100' },
    command: jest(['e2e'], 'e2e/broker-kill-nine'),
  },
  {
    name: 'vcenter-migrate',
    environment: { MIGRATION_MACHINES: '2000', MIGRATION_KILLS: '20' },
    command: jest(['e2e'], 'e2e/vcenter-migrate'),
  },
  { name: 'faults', command: ['node', 'scripts/test-faults.mjs', '--seeds', '1000'] },
  { name: 'lifecycle', environment: { LIFECYCLE_MONTHS: '12' }, command: jest(['lifecycle'], 'lifecycle/year') },
  {
    name: 'kill-each-custody-step',
    environment: { KILL_STEPS: 'long' },
    command: jest(['lifecycle'], 'lifecycle/kill-each-custody-step'),
  },
  { name: 'last-copy', environment: { DELETION_SEEDS: '500' }, command: jest(['unit'], 'last-copy') },
  {
    name: 'properties',
    environment: { PROPERTY_RUNS: '300', PROPERTY_SEED: String(Math.floor(Date.now() / 86_400_000)) },
    command: jest(['unit', 'integration'], 'kmip-engine/src/life.spec|restore/life'),
  },
  {
    name: 'any-request',
    environment: { PROPERTY_RUNS: '20000', PROPERTY_SEED: String(Math.floor(Date.now() / 86_400_000)) },
    command: jest(['integration'], 'any-request'),
  },
  { name: 'fuzz', command: ['npm', 'run', '-s', 'fuzz', '--', '--seconds', '600'] },
  {
    name: 'outage',
    environment: { OUTAGE_ROUNDS: '20' },
    command: jest(['e2e'], 'e2e/outage'),
  },
  {
    name: 'neighbours',
    environment: { PROPERTY_RUNS: '2500', PROPERTY_SEED: String(Math.floor(Date.now() / 86_400_000)) },
    command: jest(['integration'], 'catalog/neighbours'),
  },
  ...SPECS.map((name) => ({ name, command: jest(['nightly'], `nightly/${name}\\.`) })),
  { name: 'soak', environment: { SOAK_MINUTES: '60' }, command: ['npm', 'run', '-s', 'bench:soak', '--', '--assert'] },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !forms.some((form) => form.name === name));
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: there are ${forms.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const results = forms
  .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  .map(({ name, environment, command: [program, ...args] }) => {
    console.log(`::: ${name}: ${JSON.stringify(environment ?? {})} ${[program, ...args].join(' ')}`);
    const started = Date.now();
    const { status } = spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
    return `${name}: ${status === 0 ? 'passed' : 'failed'} in ${Math.round((Date.now() - started) / 1_000)} s`;
  });
console.log(results.join('\n'));
process.exit(results.some((result) => result.includes(': failed')) ? 1 : 0);
