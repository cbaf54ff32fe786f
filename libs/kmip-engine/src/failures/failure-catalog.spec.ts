import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { reasonName } from '@lib/testing';

import { failureCatalog } from './failure-catalog';

/** Rows of the KMIP section of docs/errors.md: code, reason, text. */
function documented(): readonly string[] {
  const page = readFileSync(join(__dirname, '../../../../docs/errors.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith('KMIP\n')) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  // Whatever a formatter does to the width of the columns.
  return rows.map((row) => row.replaceAll(/ +\|/g, ' |'));
}

describe('failures a client can be told', () => {
  it('are those of docs/errors.md, with reason and text, and in the same order', () => {
    const rows = Object.entries(failureCatalog).map(
      ([code, { reason, text }]) => `| \`${code}\` | ${reasonName(reason) ?? ''} | ${text} |`,
    );
    expect(documented()).toStrictEqual(rows);
  });
});
