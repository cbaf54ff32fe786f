import { join } from 'node:path';

import { warningsIn } from '../e2e/support/warnings';
import { checkAuditTrail, keepAuditTrail } from './support/audit-trail';
import { Violation } from './support/known-key';
import { Region } from './support/region';
import { settle } from './support/settle';
import { Trial } from './support/trial';

/** A run: as long as its trouble, the quiet, and a busy machine. */
const SEED_MS = 60_000;
/** A product for so many: what they leave in database, memory and folders is given back with it. */
const TOGETHER = 10;

const first = Number(process.env['FAULT_SEED'] ?? '1');
const seeds = Array.from({ length: Number(process.env['FAULT_SEEDS'] ?? '5') }, (_, index) => first + index);
const groups = Array.from({ length: Math.ceil(seeds.length / TOGETHER) }, (_, index) =>
  seeds.slice(index * TOGETHER, (index + 1) * TOGETHER),
);

jest.setTimeout(120_000 + TOGETHER * SEED_MS);

/**
 * The built product under trouble that a seed decides: links, processes, clocks, the disk and the cloud. Clients keep what
 * they were told; when it is quiet again, all of that has to hold.
 */
describe.each(groups)('seeds of trouble, from %d on', (...group: number[]) => {
  let region: Region;
  const trials: Trial[] = [];
  const said: string[] = [];
  let lastAskedMs = 0;
  let hasFailed = false;

  function requireNothing(wrong: readonly string[]): void {
    hasFailed ||= wrong.length > 0;
    expect(wrong.join('\n')).toBe('');
  }

  beforeAll(async () => {
    region = await Region.start();
  });

  afterAll(async () => {
    region.isKept = hasFailed;
    if (hasFailed) said.push(`logs are left in ${region.folder}`);
    process.stdout.write(`${said.join('\n')}\n`);
    await region.stop();
  });

  it.each(group)('seed %d: nothing that was answered is undone', async (seed) => {
    const trial = await Trial.open(region, seed);
    const wrong: string[] = [];
    said.push(trial.title);
    try {
      await trial.run();
      trials.push(trial);
    } catch (error) {
      wrong.push(`${trial.title}\n${error instanceof Violation ? error.message : String((error as Error).stack)}`);
      await keepAuditTrail(region, trial.tenant).catch(() => undefined);
    } finally {
      said.push(trial.summary);
      lastAskedMs = trial.lastAskedMs;
    }
    requireNothing(wrong);
  });

  it('is settled: every stored key has a row, every row a key, and every key given out a record', async () => {
    await settle(
      region,
      trials.map(({ tenant }) => tenant.demo.instanceId),
      lastAskedMs,
    );
    const wrong = await warningsIn(join(region.folder, 'logs'));
    for (const trial of trials) {
      try {
        await trial.checkSettled();
        await checkAuditTrail(region, trial.tenant, trial.workload);
      } catch (error) {
        wrong.push(`${trial.title}\n${String(error)}`);
      }
    }
    requireNothing(wrong);
  });
});
