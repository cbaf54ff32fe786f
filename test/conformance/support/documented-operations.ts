import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Operation } from '@lib/kmip-protocol';

/** A row of the operations in docs/conformance.md. */
export interface DocumentedOperation {
  readonly name: string;
  /** The minor versions of KMIP 1.x in which it is served. */
  readonly servedIn: readonly number[];
  readonly note: string;
}

export const CONFORMANCE_DOCUMENT = join(__dirname, '../../../docs/conformance.md');

export const DOCUMENTED_OPERATIONS: readonly DocumentedOperation[] = readFileSync(CONFORMANCE_DOCUMENT, 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .flatMap(([, name = '', ...cells]) => {
    if (!(name in Operation)) return [];
    const answers = cells.slice(0, 5);
    const servedIn = [...answers.keys()].filter((minor) => answers[minor] === 'yes');
    return [{ name, servedIn, note: cells[5] ?? '' }];
  });

/** Why an operation is not served, by its name. Messages with them are counted. */
export const NOT_SERVED: Readonly<Record<string, string>> = Object.fromEntries(
  DOCUMENTED_OPERATIONS.filter(({ servedIn }) => servedIn.length === 0).map(({ name, note }) => [name, note]),
);
