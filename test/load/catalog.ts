import { toInstanceId } from '@lib/kernel';
import { PostgresKeyCatalog, PostgresObjectStores, PostgresRegionDirectory } from '@lib/persistence';
import { startTestPostgres } from '@lib/testing';

import { fillCatalog, LARGE_INSTANCE } from './support/large-catalog';
import { type Question, questions } from './support/questions';
import { conditions, table } from './support/table';

const SIZE = {
  instances: 10_000,
  certificatesPerInstance: 2,
  keys: Number(process.env['CATALOG_KEYS'] ?? '1000000'),
};
const RUNS = 11;
/** A slow question is not asked as often. */
const PATIENCE_MS = 4_000;

/** `npm run bench:catalog`: what a large region asks of the database, against generated rows in a throw-away one. */
async function main(): Promise<void> {
  console.log(`${conditions()}; ${SIZE.keys} keys in one instance, ${SIZE.instances} instances\n`);
  const database = await startTestPostgres();
  try {
    const started = performance.now();
    await fillCatalog(await database.openAdmin(), SIZE);
    console.log(`filled in ${((performance.now() - started) / 1_000).toFixed(0)} s\n`);
    const dataSource = await database.openDataSource();
    const instance = toInstanceId(LARGE_INSTANCE);
    const asked = await questions({
      store: new PostgresObjectStores(dataSource).forInstance(instance),
      keys: new PostgresKeyCatalog(dataSource).forInstance(instance),
      directory: new PostgresRegionDirectory(dataSource),
      size: SIZE.keys,
    });
    const rows: string[][] = [];
    for (const question of asked) rows.push(await timed(question));
    console.log(table(['question', 'answer', 'median ms', 'slowest ms'], rows));
  } finally {
    await database.close();
  }
}

async function timed({ what, ask }: Question): Promise<string[]> {
  const milliseconds: number[] = [];
  let answer = 0;
  const until = performance.now() + PATIENCE_MS;
  try {
    while (milliseconds.length < RUNS && (milliseconds.length === 0 || performance.now() < until)) {
      const started = performance.now();
      answer = await ask();
      milliseconds.push(performance.now() - started);
    }
  } catch (error) {
    return [what, error instanceof Error ? error.message : String(error), '', ''];
  }
  milliseconds.sort((a, b) => a - b);
  const at = (index: number): string => (milliseconds[index] ?? 0).toFixed(1);
  return [what, String(answer), at(Math.floor(milliseconds.length / 2)), at(milliseconds.length - 1)];
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
