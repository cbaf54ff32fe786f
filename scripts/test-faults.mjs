// The simulator of faults on the built product: npm run test:faults [-- --seed N] [-- --seeds N] [options of jest]
//   --seed N   the first seed; alone, it is the only one: a failing run is done again
//   --seeds N  how many, one after the other (5 without either)
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const options = { seed: { type: 'string' }, seeds: { type: 'string' } };
const { values, tokens } = parseArgs({ options, strict: false, tokens: true });
const passedOn = tokens
  .filter(({ name }) => !(name in options))
  .map(({ rawName, value, inlineValue }) => {
    return inlineValue ? `${rawName}=${value}` : (rawName ?? value);
  });
const { seed = '1', seeds = values.seed === undefined ? '5' : '1' } = values;
for (const [name, value] of Object.entries({ seed, seeds })) {
  if (/^[1-9]\d*$/.test(value)) continue;
  console.error(`--${name}: a whole number from 1 on`);
  process.exit(2);
}
const jest = spawnSync('npx', ['jest', '--selectProjects', 'faults', '--runInBand', ...passedOn], {
  stdio: 'inherit',
  env: { ...process.env, FAULT_SEED: seed, FAULT_SEEDS: seeds },
});
process.exit(jest.status ?? 1);
