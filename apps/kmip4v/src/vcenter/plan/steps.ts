/**
 * A thing to bring about. Dry run, repetition and undoing all follow from these four: `isDone` looks at the world and never
 * at what this run remembers of it.
 */
export interface Step<World> {
  /** What is so afterwards, as a person would say it. */
  readonly what: string;
  isDone(world: World): Promise<boolean>;
  do(world: World): Promise<void>;
  /** Takes back what `do` did, all or part of it; nothing where nothing was done. */
  readonly undo?: (world: World) => Promise<void>;
}

export type StepOutcome = 'already' | 'done' | 'would_do' | 'failed' | 'undone' | 'not_undone';

export interface StepReport {
  readonly what: string;
  readonly outcome: StepOutcome;
  readonly why?: string;
}

interface CarryOutOptions {
  /** Asks what is done, and does nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly tell?: (report: StepReport) => void;
}

/** A step failed; what this run had done before was taken back, as far as the reports say so. */
export class StepFailure extends Error {
  constructor(
    readonly what: string,
    readonly reports: readonly StepReport[],
    cause: unknown,
  ) {
    super(`${what}: ${wordsOf(cause)}`, { cause });
    this.name = 'StepFailure';
  }

  /** What could not be taken back: somebody has to. */
  get remaining(): readonly StepReport[] {
    return this.reports.filter(({ outcome }) => outcome === 'not_undone');
  }
}

/**
 * Brings each step about that is not so already, in order. When one fails, it and those of this run before it are taken
 * back in the reverse order, even if taking back one of them fails.
 * @throws StepFailure
 */
export async function carryOut<World>(
  steps: readonly Step<World>[],
  world: World,
  options: CarryOutOptions = {},
): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  const told = (report: StepReport): void => {
    reports.push(report);
    options.tell?.(report);
  };
  const done: Step<World>[] = [];
  for (const step of steps) {
    try {
      options.signal?.throwIfAborted();
      if (await step.isDone(world)) {
        told({ what: step.what, outcome: 'already' });
        continue;
      }
      if (options.dryRun === true) {
        told({ what: step.what, outcome: 'would_do' });
        continue;
      }
      // Before it is done: it may fail half way.
      done.push(step);
      await step.do(world);
      told({ what: step.what, outcome: 'done' });
    } catch (error) {
      told({ what: step.what, outcome: 'failed', why: wordsOf(error) });
      await takeBack(done, world, told);
      throw new StepFailure(step.what, reports, error);
    }
  }
  return reports;
}

async function takeBack<World>(
  done: readonly Step<World>[],
  world: World,
  told: (report: StepReport) => void,
): Promise<void> {
  for (const step of done.toReversed()) {
    if (step.undo === undefined) continue;
    try {
      await step.undo(world);
      told({ what: step.what, outcome: 'undone' });
    } catch (error) {
      told({ what: step.what, outcome: 'not_undone', why: wordsOf(error) });
    }
  }
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
