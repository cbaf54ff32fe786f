import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readEnvironment } from '@lib/config';

import { scriptFor } from '../commands/completion/scripts';
import { TREE } from '../tree';
import { programOf } from './program';
import { describe as described, type Described } from './reference';
import { referenceText } from './reference-document';

const FILE = join(__dirname, '../../../../docs/kmip4v.md');
const BEGIN = '## Exit status';

const wholeProgram = async (): Promise<Described> =>
  described(
    await programOf(TREE, undefined, {
      version: '',
      writeOut: () => undefined,
      writeErr: () => undefined,
      invoked: () => Promise.resolve(),
    }),
  );

const leavesOf = (command: Described): readonly Described[] =>
  command.below.length === 0 ? [command] : command.below.flatMap(leavesOf);

describe('docs/kmip4v.md', () => {
  it('lists every command with what it takes', async () => {
    const written = readFileSync(FILE, 'utf8');
    const introduction = written.slice(0, written.indexOf(BEGIN));
    const document = introduction + referenceText(await wholeProgram());
    if (readEnvironment()['UPDATE_DOCS'] === '1') writeFileSync(FILE, document);
    expect(readFileSync(FILE, 'utf8')).toBe(document);
  });

  it('is of commands that say what they are for', async () => {
    for (const { path, about, options, arguments: words } of leavesOf(await wholeProgram())) {
      expect(`${path.join(' ')}: ${about}`).toMatch(/: [A-Z].{10,}[^.]$/);
      // The operator's options are explained in docs/operations.md.
      if (path[1] === 'admin') continue;
      for (const { flags, about: of } of options) expect(`${flags}: ${of}`).toMatch(/: .{3,}[^.]$/);
      for (const { name, about: of } of words) expect(`${name}: ${of}`).toMatch(/: .{3,}[^.]$/);
    }
  });

  it('is what shells complete', async () => {
    const program = await wholeProgram();
    for (const shell of ['bash', 'zsh', 'fish'] as const) {
      const script = scriptFor(shell, program);
      for (const { path } of leavesOf(program)) expect(script).toContain(path.join(' '));
    }
  });
});
