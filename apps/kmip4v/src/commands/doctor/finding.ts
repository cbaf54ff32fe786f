import { type Columns, type Toned } from '../../output/table';

type Result = 'passed' | 'warning' | 'failed' | 'skipped';

/** A row: what was tried, what came of it, and what to do. */
export interface Finding {
  readonly check: string;
  readonly tried: string;
  readonly result: Result;
  readonly found: string;
  readonly remedy?: string;
}

const TONES = { passed: 'good', warning: 'warning', failed: 'bad', skipped: 'faint' } as const;

const result = ({ result: text }: Finding): Toned => ({ text, tone: TONES[text] });

export const FINDING_COLUMNS: Columns<Finding> = [
  ['check', ({ check }) => check],
  ['tried', ({ tried }) => tried],
  ['result', result],
  ['found', ({ found }) => found],
];

/** What has to be read to the end. */
export const REMEDY_FIELDS: Columns<Finding> = [
  ['check', ({ check, tried }) => `${check}: ${tried}`],
  ['result', result],
  ['found', ({ found }) => found],
  ['what to do', ({ remedy }) => remedy],
];

/** Makes the rows of one check. */
export const findingsOf = (check: string, tried: string) => {
  const row =
    (of: Result) =>
    (found: string, remedy?: string): Finding => ({
      check,
      tried,
      result: of,
      found,
      ...(remedy !== undefined && { remedy }),
    });
  return { passed: row('passed'), warning: row('warning'), failed: row('failed'), skipped: row('skipped') };
};

/** Of OpenSSL its reason alone: the rest names its own source files. */
export function textOfError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { reason } = error as { reason?: unknown };
  return typeof reason === 'string' ? reason : error.message;
}
