import { type Answer, listed } from '../../output/answer';
import { type Output } from '../../output/output';
import { type Columns, type Toned } from '../../output/table';
import { type KnownVCenter } from '../../vcenter/known-vcenter';
import { type StepOutcome, type StepReport } from '../../vcenter/plan/steps';
import { counted } from '../../output/counted';
import { interruptible } from './interruptible';

const OUTCOMES: Readonly<Record<StepOutcome, Toned>> = {
  already: { text: 'was so already', tone: 'faint' },
  done: { text: 'done', tone: 'good' },
  would_do: { text: 'would be done', tone: 'warning' },
  failed: { text: 'failed', tone: 'bad' },
  undone: { text: 'taken back', tone: 'warning' },
  not_undone: { text: 'not taken back', tone: 'bad' },
};
const COLUMNS: Columns<StepReport> = [
  ['step', ({ what }) => what],
  ['outcome', ({ outcome }) => OUTCOMES[outcome]],
];

/** One run at a time, and what was done is taken back when it is interrupted. */
export const carriedOut = (
  vcenter: KnownVCenter,
  out: Output,
  dryRun: boolean,
  run: (signal: AbortSignal) => Promise<readonly StepReport[]>,
): Promise<readonly StepReport[]> => {
  const work = () => interruptible(out, 'Interrupted: taking back what was done.', run);
  return dryRun ? work() : vcenter.locked(work);
};

/** Tells each step when it has ended. */
export const noteSteps =
  (out: Output) =>
  ({ what, outcome, why }: StepReport): void =>
    out.note(`${OUTCOMES[outcome].text}: ${what}${why === undefined ? '' : ` (${why})`}`);

/** What the steps came to. Of a dry run all of them are shown: nobody was told before. */
export function stepsAnswer(
  steps: readonly StepReport[],
  provider: string,
  sentences: { readonly changed: string; readonly unchanged: string },
): Answer {
  const changed = steps.some(({ outcome }) => outcome === 'done');
  const wouldChange = steps.filter(({ outcome }) => outcome === 'would_do').length;
  const table = listed(steps, COLUMNS, '');
  return {
    value: { provider, changed, steps },
    text: (screen) =>
      wouldChange > 0
        ? `${table.text(screen)}\n\n${counted(wouldChange, 'step')} would be done. Nothing was changed.`
        : changed
          ? sentences.changed
          : sentences.unchanged,
  };
}
