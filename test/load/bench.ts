import { GROUPS } from './lines';
import { type Cost, costs, costsReport } from './support/costs';
import { judge, type Options, readOptions } from './support/goals';
import { Peers } from './support/peers';
import { publish } from './support/publication';
import { missedIn, type Result, resultOf, resultsTable } from './support/results';
import { conditions } from './support/table';

const ROUNDS = 5;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? '3');
const COSTS = 'costs';
const NAMES = GROUPS.flat().map(({ name }) => name);

/** `npm run bench`: every goal, measured in turn with what it is compared with, and where the operations' time goes. */
async function main(): Promise<void> {
  const options = readOptions(ROUNDS, [...NAMES, COSTS]);
  const results: Result[] = [];
  for (const group of GROUPS) {
    const lines = group.filter(({ name }) => isChosen(name, options));
    await withPeers(async (peers) => {
      for (const line of lines) results.push(await resultOf(line, peers, options));
    });
  }
  const found = isChosen(COSTS, options) ? await withPeers(costs) : [];
  if (options.write) await publish(NAMES, { results, costs: found });
  if (options.json) console.log(JSON.stringify({ results, costs: found }));
  else console.log(reportOf(results, found));
  judge(results.flatMap(missedIn), options);
}

const isChosen = (name: string, { only }: Options): boolean => only.length === 0 || only.includes(name);

function reportOf(results: readonly Result[], found: readonly Cost[]): string {
  const parts = [`${conditions()}, ${SECONDS} s a figure`];
  if (results.length > 0) parts.push(resultsTable(results));
  if (found.length > 0) parts.push(costsReport(found));
  return parts.join('\n\n');
}

/** What was started is ended, also after Ctrl-C. */
async function withPeers<T>(work: (peers: Peers) => Promise<T>): Promise<T> {
  const peers = new Peers(SECONDS);
  const interrupted = (): void => {
    void peers.close().finally(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  try {
    return await work(peers);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupted);
    await peers.close();
  }
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
