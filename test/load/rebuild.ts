import { inParallel } from '@lib/kernel';

import { CatalogRows } from '../e2e/support/catalog-rows';
import { createKey } from '../e2e/support/keys';
import { RunningService } from '../e2e/support/running-service';
import { addTenant } from '../e2e/support/second-tenant';
import { judge, median, readOptions, spread } from './support/goals';
import { conditions, table } from './support/table';

const KEYS = Number(process.env['REBUILD_KEYS'] ?? 1_000);
const CONNECTIONS = 8;
const GOAL = 100;
const ROUNDS = 3;

interface Report {
  readonly restored: number;
  readonly present: number;
}

/**
 * `npm run bench:rebuild`: a catalog that lost all keys of a tenant is rebuilt from the key manager, by the operator's
 * command with its start, while the product runs; and once more where nothing is missing. The local cloud answers without
 * delay, on the same machine.
 */
async function main(): Promise<void> {
  const options = readOptions(ROUNDS);
  const service = await RunningService.start();
  try {
    const rows = await CatalogRows.open(service);
    const tenant = await addTenant(service, 'rebuilt', ['Viewer', 'Manager']);
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => tenant.connect(number % 2)));
    const batches = clients.map((client) => ({ client, count: Math.ceil(KEYS / CONNECTIONS) }));
    await inParallel(batches, CONNECTIONS, async ({ client, count }) => {
      for (let made = 0; made < count; made += 1) await createKey(client);
      return 'next';
    });
    const keys = CONNECTIONS * Math.ceil(KEYS / CONNECTIONS);
    const rebuild = async (): Promise<{ readonly perSecond: number; readonly report: Report }> => {
      const started = performance.now();
      const report = await service.admin<Report>('catalog', 'rebuild', '--instance', tenant.instanceId);
      return { perSecond: (keys / (performance.now() - started)) * 1_000, report };
    };
    const [missing, present]: [number[], number[]] = [[], []];
    for (let round = 0; round < options.rounds; round += 1) {
      await rows.forgetKeys(tenant.instanceId);
      const lost = await rebuild();
      const again = await rebuild();
      if (lost.report.restored !== keys || again.report.present !== keys) throw new Error('not every key came back');
      missing.push(lost.perSecond);
      present.push(again.perSecond);
    }
    await Promise.all(clients.map((client) => client.close()));
    await rows.close();
    const lines = [
      ['all keys missing', spread(missing), `at least ${GOAL}`],
      ['no key missing', spread(present), ''],
    ];
    if (options.json) console.log(JSON.stringify({ conditions: conditions(), keys, goal: GOAL, missing, present }));
    else console.log(`${conditions()}; ${keys} keys\n\n${table(['catalog', 'keys a second', 'goal'], lines)}`);
    judge(median(missing) < GOAL ? [`${median(missing).toFixed(0)} keys a second, not ${GOAL}`] : [], options);
  } finally {
    await service.remove();
  }
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
