import { readFileSync } from 'node:fs';

import { CommanderError } from 'commander';

import { VERSION } from '../version';
import { argument, argumentList, choice, command, type Entry, flag, list, needed, value } from './command';
import { helpAsOption, type Invocation, programOf } from './program';

const loaded: string[] = [];
const run = () => Promise.resolve(undefined);

const TREE: readonly Entry[] = [
  {
    name: 'thing',
    about: 'Things',
    commands: () => {
      loaded.push('thing');
      return Promise.resolve([
        command({
          name: 'make',
          about: 'Make a thing',
          details: 'Things are kept.',
          arguments: { name: argument('what to call it'), parts: argumentList('of the thing') },
          options: {
            size: needed('CM', 'how large'),
            colour: choice(['red', 'blue'], 'what colour'),
            label: list('TEXT', 'what to write on it'),
            keyFile: value('FILE', 'a key'),
            dryRun: flag('only say'),
          },
          run,
        }),
        { name: 'box', about: 'Boxes', commands: [command({ name: 'open', about: 'Open a box', run })] },
      ]);
    },
  },
  {
    name: 'other',
    about: 'Others',
    commands: () => {
      loaded.push('other');
      return Promise.resolve([]);
    },
  },
];

interface Ran {
  readonly invocation: Invocation | undefined;
  readonly out: string;
  readonly err: string;
  readonly exit: number | string;
}

async function typed(line: string): Promise<Ran> {
  let [out, err] = ['', ''];
  let invocation: Invocation | undefined;
  const words = helpAsOption(line.split(' ').filter((word) => word !== ''));
  const program = await programOf(TREE, words, {
    version: '1.2.3',
    writeOut: (text) => (out += text),
    writeErr: (text) => (err += text),
    invoked: (asked) => {
      invocation = asked;
      return Promise.resolve();
    },
  });
  const exit = await program.parseAsync(words, { from: 'user' }).then(
    () => 'ran',
    (error: unknown) => {
      if (!(error instanceof CommanderError)) throw error;
      return error.exitCode;
    },
  );
  return { invocation, out, err, exit };
}

describe('the command line', () => {
  beforeEach(() => loaded.splice(0));

  it('gives a command what it was given, and the options of all commands wherever they stand', async () => {
    const { invocation } = await typed(
      '-o json thing make a b c --size 3 --label x --label y --instance i --key-file f --colour red',
    );
    expect(invocation?.command.name).toBe('make');
    expect(invocation?.given).toEqual({
      name: 'a',
      parts: ['b', 'c'],
      size: '3',
      colour: 'red',
      label: ['x', 'y'],
      keyFile: 'f',
      dryRun: false,
    });
    expect(invocation?.shared).toMatchObject({ output: 'json', instance: 'i' });
  });

  it('has empty lists and no flags where none were given', async () => {
    const { invocation } = await typed('thing make a b --size 3 --dry-run');
    expect(invocation?.given).toEqual({ name: 'a', parts: ['b'], size: '3', label: [], dryRun: true });
  });

  it('loads the noun that is asked for, and none for the help', async () => {
    const { out, exit } = await typed('--help');
    expect([exit, loaded]).toEqual([0, []]);
    expect(out).toContain('thing');
    expect(out).toContain('Exit status:\n  0  done');
    await typed('thing --help');
    expect(loaded).toEqual(['thing']);
  });

  it('says what a command takes, with the options of all', async () => {
    const { out, exit } = await typed('help thing make');
    expect(exit).toBe(0);
    for (const part of [
      '<NAME> <PARTS...>',
      '--size <CM>',
      '--key-file <FILE>',
      'Things are kept.',
      '--output <FORMAT>',
    ]) {
      expect(out).toContain(part);
    }
    expect((await typed('thing box open')).exit).toBe('ran');
    expect((await typed('--version')).out).toBe('1.2.3\n');
  });

  it('has the version of its package and of the repository', () => {
    for (const file of ['apps/kmip4v/package.json', 'package.json']) {
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ version: VERSION });
    }
  });

  it.each([
    ['thnig make', 'Did you mean thing?'],
    ['thing mkae', 'Did you mean make?'],
    ['thing make a b --size 3 --labl x', 'Did you mean --label?'],
    ['thing make a b', "required option '--size <CM>' not specified"],
    ['thing make a b --size 3 --size 4', '--size is given twice'],
    ['thing make a b --size 3 --colour green', 'Allowed choices are red, blue'],
    ['thing make a --size 3', "missing required argument 'PARTS'"],
    ['-o xml thing make', 'Allowed choices are table, json, yaml'],
    ['', 'Usage: kmip4v'],
    ['thing', 'Usage: kmip4v thing'],
  ])('is not fooled by "%s"', async (line, words) => {
    const { err, exit, invocation } = await typed(line);
    expect(err).toContain(words);
    expect(exit).toBe(1);
    expect(invocation).toBeUndefined();
  });
});
