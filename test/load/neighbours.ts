import { setTimeout as delay } from 'node:timers/promises';

import { Arena, type Inhabitant, type Side } from './support/arena';
import { fillCatalog, FLOODS, type FloodSpecification, RunningFlood } from './support/floods';
import { judge, quantile, readOptions, spread } from './support/goals';
import { expectSuccess } from './support/measure';
import { conditions, table } from './support/table';
import { connect } from './support/target';

const GOAL = 3;
const ROUNDS = 4;
const SAMPLES = 2_400;
const LANES = 4;
const WARM_UP = 100;
/** For the last answers of a flood that has ended to be given. */
const CALM_MS = 1_000;

/** Where the flood goes, and where the neighbour gets its keys. */
const CASES = {
  ours: { flood: 'ours', gets: 'ours' },
  /** The flood keeps the machine as busy, and the product is not flooded: what is left is what sharing a machine costs. */
  beside: { flood: 'bare', gets: 'ours' },
  bare: { flood: 'bare', gets: 'bare' },
} as const satisfies Record<string, { flood: Side; gets: Side }>;
type Case = keyof typeof CASES;
const NAMES = ['ours', 'beside', 'bare'] as const satisfies readonly Case[];

interface Figure {
  readonly name: string;
  readonly what: string;
  /** By rounds. */
  readonly ms: Readonly<Record<Case, readonly (readonly number[])[]>>;
  readonly floodPerSecond: Readonly<Record<Case, readonly number[]>>;
}

interface Round {
  readonly ms: readonly number[];
  readonly floodPerSecond: number;
}

/**
 * `npm run bench:neighbours`: how long a tenant's Gets take while another floods the product in one of several ways, in
 * turn with the same Gets while the same flood goes to bare TLS servers (the goal compares these two), and with both
 * sent there.
 */
async function main(): Promise<void> {
  const options = readOptions(ROUNDS);
  const arena = await Arena.open();
  try {
    const [neighbour, flooder] = [await arena.inhabitant('neighbour'), await arena.inhabitant('flooder')];
    await fillCatalog(arena, flooder);
    for (const side of ['ours', 'bare'] as const) await gets(neighbour, side, 1_000);
    const chosen = [undefined, ...FLOODS].filter(
      (flood) => options.only.length === 0 || options.only.includes(flood?.name ?? 'none'),
    );
    const figures: Figure[] = [];
    for (const flood of chosen) figures.push(await measure(arena, neighbour, flooder, flood, options.rounds));
    if (options.json)
      console.log(JSON.stringify({ conditions: conditions(), goal: GOAL, figures: figures.map(summary) }));
    else console.log(`${conditions()}; ${SAMPLES} Gets over ${LANES} connections\n\n${tableOf(figures)}`);
    judge(figures.flatMap(missedIn), options);
  } finally {
    await arena.close();
  }
}

async function measure(
  arena: Arena,
  neighbour: Inhabitant,
  flooder: Inhabitant,
  specification: FloodSpecification | undefined,
  rounds: number,
): Promise<Figure> {
  const ms: Record<Case, (readonly number[])[]> = { ours: [], beside: [], bare: [] };
  const floodPerSecond: Record<Case, number[]> = { ours: [], beside: [], bare: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? NAMES : NAMES.toReversed()) {
      const sides = CASES[name];
      const flood = specification && (await RunningFlood.start(specification, arena, flooder, sides.flood));
      const outcome = await during(flood, () => gets(neighbour, sides.gets, Math.ceil(SAMPLES / rounds)));
      ms[name].push(outcome.ms);
      floodPerSecond[name].push(outcome.floodPerSecond);
      await delay(CALM_MS);
    }
  }
  const { name, what } = specification ?? { name: 'none', what: 'nobody else' };
  return { name, what, ms, floodPerSecond };
}

async function during(flood: RunningFlood | undefined, work: () => Promise<readonly number[]>): Promise<Round> {
  const started = performance.now();
  try {
    const ms = await work();
    const { answered } = (await flood?.stop()) ?? { answered: 0 };
    return { ms, floodPerSecond: (answered * 1_000) / (performance.now() - started) };
  } catch (error) {
    await flood?.stop();
    throw error;
  }
}

/** @returns how long each took */
async function gets({ targets, get }: Inhabitant, side: Side, samples: number): Promise<readonly number[]> {
  const clients = await Promise.all(Array.from({ length: LANES }, (_, lane) => connect(targets[side], lane)));
  const ms: number[] = [];
  let left = samples + WARM_UP;
  await Promise.all(
    clients.map(async (client) => {
      while (left > 0) {
        left -= 1;
        const warm = left < samples;
        const started = performance.now();
        await expectSuccess(client, get);
        if (warm) ms.push(performance.now() - started);
      }
      await client.close();
    }),
  );
  return ms;
}

const p99 = (samples: readonly number[]): number => quantile(samples, 0.99);
const times = ({ ms }: Figure, of: Case): number => p99(ms.ours.flat()) / p99(ms[of].flat());

const caseSummary = ({ ms, floodPerSecond }: Figure, name: Case) => ({
  samples: ms[name].flat().length,
  p50Ms: quantile(ms[name].flat(), 0.5),
  p99Ms: p99(ms[name].flat()),
  p99MsByRound: ms[name].map(p99),
  floodPerSecond: floodPerSecond[name],
});

const summary = (figure: Figure) => ({
  name: figure.name,
  ...Object.fromEntries(NAMES.map((name) => [name, caseSummary(figure, name)])),
  timesBare: times(figure, 'bare'),
  timesBeside: times(figure, 'beside'),
});

function tableOf(figures: readonly Figure[]): string {
  const head = [
    'flood',
    'p50 ms',
    'p99 ms',
    'p99 ms beside',
    'p99 ms bare',
    'times beside',
    'times bare',
    'flood per s',
  ];
  const rows = figures.map((figure) => [
    figure.what,
    quantile(figure.ms.ours.flat(), 0.5).toFixed(1),
    ...NAMES.map((name) => spread(figure.ms[name].map(p99), 1)),
    times(figure, 'beside').toFixed(1),
    times(figure, 'bare').toFixed(1),
    `${spread(figure.floodPerSecond.ours)}; bare ${spread(figure.floodPerSecond.bare)}`,
  ]);
  return table(head, rows);
}

const missedIn = (figure: Figure): string[] => {
  const reached = times(figure, 'beside');
  return figure.name !== 'none' && reached > GOAL ? [`${figure.what}: ${reached.toFixed(1)} times, not ${GOAL}`] : [];
};

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
