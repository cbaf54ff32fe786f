import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Command } from 'commander';

import { TREE } from '../tree';
import { programOf } from './program';

/** Texts that begin like a command and are none. */
const NO_COMMANDS = ['test key'];
/** Scripts for shells: there they stand among the shell's own words. */
const NO_TEXTS = 'apps/kmip4v/src/commands/completion/scripts.ts';

const filesIn = (folder: string, ending: RegExp): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name) && !/node_modules|dist\/|spec\.ts$|fixture\.ts$|schema\.ts$/.test(name))
    .map((name) => join(folder, name));

interface Mention {
  readonly file: string;
  readonly text: string;
  readonly words: readonly string[];
}

/** Up to where a sentence, a span of code or a string ends. */
function mentionsIn(file: string): readonly Mention[] {
  const found = readFileSync(file, 'utf8').matchAll(/\bkmip4v ((?:--?)?[a-z][^\n`'";,|()[\]]*)/g);
  return Array.from(found, ([, rest = '']) => rest.split(/ {2,}|\. |\.$/)[0] ?? '')
    .filter((text) => !NO_COMMANDS.some((none) => text.startsWith(none)))
    .map((text) => ({ file, text, words: text.split(' ').filter((word) => word !== '') }));
}

/** @returns what is wrong with it */
function faultOf(program: Command, { words }: Mention): string | undefined {
  let command = program;
  let rest = words;
  while (command.commands.length > 0 && /^[a-z][a-z-]*$/.test(rest[0] ?? '')) {
    const below = command.commands.find((each) => each.name() === rest[0]);
    if (below === undefined) return `there is no ${rest[0] ?? ''}`;
    command = below;
    rest = rest.slice(1);
  }
  const known = [...program.options, ...command.options].flatMap(({ long, short }) => [long, short]);
  const unknown = rest.filter((word) => /^--?[a-z]/.test(word) && ![...known, '--help', '-h'].includes(word));
  if (unknown.length > 0) return `it takes no ${unknown.join(', ')}`;
  // A key that a client made is active, and an active one is not destroyed.
  if (command.name() === 'destroy' && rest.length > 0 && !rest.includes('--revoke') && rest[0] !== '[options]') {
    return 'it is refused where the key is active: say --revoke';
  }
  return undefined;
}

describe('commands that texts of ours tell somebody to type', () => {
  it('exist, with the options that are named', async () => {
    const silent = { version: '0', writeOut: () => undefined, writeErr: () => undefined };
    const program = await programOf(TREE, undefined, { ...silent, invoked: () => Promise.resolve() });
    const files = [
      ...filesIn('apps', /\.tsx?$/),
      ...filesIn('libs', /\.ts$/),
      ...filesIn('docs', /\.md$/),
      ...filesIn('examples', /\.(?:sh|ps1|md)$/),
      'README.md',
    ];
    const mentions = files.filter((file) => file !== NO_TEXTS).flatMap(mentionsIn);
    expect(mentions.length).toBeGreaterThan(150);
    const faults = mentions.flatMap((mention) => {
      const fault = faultOf(program, mention);
      return fault === undefined ? [] : [`${mention.file}: kmip4v ${mention.text}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });
});
