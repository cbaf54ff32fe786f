import { readFileSync, writeFileSync } from 'node:fs';

import { readEnvironment } from '@lib/config';
import { everyOperation, OBJECT_KINDS } from '@lib/kmip-engine';
import { ObjectType, Operation, versionOf } from '@lib/kmip-protocol';

import {
  CONFORMANCE_DOCUMENT,
  DOCUMENTED_OPERATIONS,
  type DocumentedOperation,
  NOT_SERVED,
} from './support/documented-operations';

const MINOR_VERSIONS = [0, 1, 2, 3, 4];
const ROWS = /(?<=^\| operation .*\n\| -.*\n)(\|.*\n)*/m;

/** What the engine says of an operation. A note that spoke of it before it was built, or taken away, is dropped. */
function servedNow(name: string, number: number): DocumentedOperation {
  const servedIn = MINOR_VERSIONS.filter((minor) => everyOperation().numbers(versionOf(1, minor)).includes(number));
  const known = DOCUMENTED_OPERATIONS.find((operation) => operation.name === name);
  const stays = known !== undefined && known.servedIn.length > 0 === servedIn.length > 0;
  return { name, servedIn, note: stays ? known.note : '' };
}

function row({ name, servedIn, note }: DocumentedOperation): string {
  const answers = MINOR_VERSIONS.map((minor) => (servedIn.includes(minor) ? 'yes' : '-'));
  return `| ${[name, ...answers, note].join(' | ')} |\n`;
}

describe('docs/conformance.md', () => {
  it('has every operation of KMIP 1.x, in the versions in which the engine serves it', () => {
    const rows = Object.entries(Operation).map(([name, number]) => row(servedNow(name, number)));
    const document = readFileSync(CONFORMANCE_DOCUMENT, 'utf8');
    const updated = document.replace(ROWS, rows.join(''));
    if (readEnvironment()['UPDATE_DOCS'] === '1') writeFileSync(CONFORMANCE_DOCUMENT, updated);
    else expect(ROWS.exec(document)?.[0]).toBe(rows.join(''));
  });

  it.each(OBJECT_KINDS)('names the kind of object with Object Type $objectType', ({ objectType }) => {
    const name = Object.entries(ObjectType).find(([, number]) => number === objectType)?.[0];
    const [, summary] = readFileSync(CONFORMANCE_DOCUMENT, 'utf8').split('\n\n');
    expect(summary).toContain(name?.replaceAll(/\B[A-Z]/g, ' $&'));
  });

  it.each(Object.entries(NOT_SERVED))('says why %s is not served', (_name, reason) => expect(reason).not.toBe(''));
});
