import fc from 'fast-check';

import { propertyRuns } from '../engine/property-runs';
import { Dice } from './dice';
import { type OpenLifeCatalog } from './life-catalog';
import { putRight } from './life-operator';
import { ALONE, COMPANIONS, PLAYS, type PlayName } from './life-steps';
import { LifeWorld } from './life-world';

interface Step {
  readonly play: PlayName;
  /** At the same time. */
  readonly beside?: PlayName | undefined;
  /** Everything else about it. */
  readonly dice: number;
}

const weighted = Object.entries(PLAYS).map(([name, { weight }]) => ({
  weight,
  arbitrary: fc.constant(name as PlayName),
}));
const steps = fc.record({
  play: fc.oneof(...weighted),
  beside: fc.option(fc.constantFrom(...COMPANIONS), { nil: undefined, freq: 3 }),
  dice: fc.nat(99_999),
});

const lives = fc.record({
  steps: fc.array(steps, { minLength: 1, maxLength: 60, size: 'max' }),
  /** Whether the catalog is restored at the end too, and whether anybody notices. */
  ending: fc.constantFrom('as it is', 'restored', 'restored unnoticed'),
});

type Found = Pick<
  fc.RunDetails<unknown>,
  'errorInstance' | 'seed' | 'counterexample' | 'counterexamplePath' | 'numRuns'
>;

async function take(world: LifeWorld, { play, beside, dice }: Step): Promise<void> {
  const plays = beside === undefined || ALONE.has(play) ? [play] : [play, beside];
  await Promise.all(plays.map(async (name, index) => PLAYS[name].play(world, new Dice(dice + index))));
}

async function live(openCatalog: OpenLifeCatalog, plan: readonly Step[], ending: string): Promise<void> {
  const world = await LifeWorld.open(openCatalog);
  try {
    for (const step of plan) {
      await take(world, step);
      await world.observe();
    }
    if (ending !== 'as it is') await world.restore({ noticed: ending === 'restored' });
    await putRight(world);
    await world.requireAllServed();
  } finally {
    await world.catalog.close();
  }
}

export interface LifeOptions {
  /** Lives without a search, which a run of all suites has time for. */
  readonly few: number;
  /** The spec, for whoever is to repeat a red run. */
  readonly spec: string;
  /** At most, on a busy machine. */
  readonly secondsPerLife: number;
  /** Whether a red one is made shorter before it is told: each try is a life. */
  readonly shrinks: boolean;
}

/**
 * Any operations, backups, restores, changes of the root key, faults, deaths of the process, exports of the audit trail
 * and forgeries in any order, and the documented procedure at the end. `PROPERTY_RUNS=300 PROPERTY_SEED=7` searches; what
 * fails says how it is repeated.
 */
export function describeLife(
  name: string,
  openCatalog: OpenLifeCatalog,
  { few, spec, secondsPerLife, shrinks }: LifeOptions,
): void {
  const runs = propertyRuns(few);
  const path = process.env['PROPERTY_PATH'];
  // A search takes as long as it takes.
  const timeoutMs = Math.max(120_000, runs.numRuns * secondsPerLife * 1000);
  describe(`the life of keys on ${name}`, () => {
    it(
      'loses no acknowledged key, serves no other bytes, and brings nothing back that was taken away',
      async () => {
        const life = fc.asyncProperty(lives, ({ steps: plan, ending }) => live(openCatalog, plan, ending));
        const found = await fc.check(life, { ...runs, endOnFailure: !shrinks, ...(path !== undefined && { path }) });
        if (found.failed) throw new Error(verdictOn(found, spec));
      },
      timeoutMs,
    );
  });
}

function verdictOn({ errorInstance, seed, counterexample, counterexamplePath, numRuns }: Found, spec: string): string {
  const cause = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  const replay = `PROPERTY_SEED=${String(seed)} PROPERTY_PATH=${counterexamplePath ?? ''} npx jest --selectProjects unit integration -- ${spec}`;
  return `${cause}\nlife ${String(numRuns)}: ${JSON.stringify(counterexample)}\nto repeat: ${replay}`;
}
