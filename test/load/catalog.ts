import { CATALOG_SIZE, FilledCatalog } from './support/filled-catalog';
import { type Question } from './support/questions';
import { conditions, table } from './support/table';

const RUNS = 11;
/** A slow question is not asked as often. */
const PATIENCE_MS = 4_000;

/** `npm run bench:catalog`: what a large region asks of the database, against generated rows in a throw-away one. */
async function main(): Promise<void> {
  const started = performance.now();
  const catalog = await FilledCatalog.open();
  try {
    const { keys, instances } = CATALOG_SIZE;
    console.log(`${conditions()}; ${keys} keys in one instance, ${instances} instances\n`);
    console.log(`filled in ${((performance.now() - started) / 1_000).toFixed(0)} s\n`);
    const rows: string[][] = [];
    for (const question of catalog.questions) rows.push(await timed(question));
    console.log(table(['question', 'answer', 'median ms', 'slowest ms'], rows));
  } finally {
    await catalog.close();
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
