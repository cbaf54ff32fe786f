import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe as described } from '../../command-line/reference';
import { programOf } from '../../command-line/program';
import { TREE } from '../../tree';
import { scriptFor, SHELLS } from './scripts';

type Shell = (typeof SHELLS)[number];

/** What each shell does when somebody presses Tab behind the words, the last of which may be begun only. */
const PRESS_TAB: Readonly<Record<Shell, string>> = {
  bash: `source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_kmip4v; ((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: `compdef() { :; }
_files() { :; }
compset() { PREFIX=\${PREFIX#*=}; }
compadd() { shift; local word; for word; do [[ $word == $PREFIX* ]] && print -r -- $word; done; }
source "$1"; shift
words=("$@") CURRENT=$# PREFIX=$argv[-1]
_kmip4v`,
  fish: `source $argv[1]
complete -C (string join ' ' -- $argv[2..])`,
};

const isThere = (shell: Shell): boolean => {
  try {
    execFileSync(shell, ['-c', 'true']);
    return true;
  } catch {
    process.stdout.write(`${shell} is missing: install it (scripts/setup-debian.sh). Its completion is not tried\n`);
    return false;
  }
};

describe.each(SHELLS.filter(isThere))('completion by %s', (shell) => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kmip4v-completion-'));
    const program = await programOf(TREE, undefined, {
      version: '',
      writeOut: () => undefined,
      writeErr: () => undefined,
      invoked: () => Promise.resolve(),
    });
    await writeFile(join(folder, 'script'), scriptFor(shell, described(program)));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** In an empty folder: no file is offered. */
  async function offered(...words: readonly string[]): Promise<readonly string[]> {
    const run = shell === 'fish' ? ['-N', '-c', PRESS_TAB.fish] : ['-c', PRESS_TAB[shell], shell];
    const empty = await mkdtemp(join(folder, 'at-'));
    const { stdout } = await promisify(execFile)(shell, [...run, join(folder, 'script'), 'kmip4v', ...words], {
      cwd: empty,
      env: { PATH: process.env['PATH'], HOME: empty, TERM: 'dumb' },
    }).catch((error: unknown) => error as { stdout: string });
    return stdout.split('\n').filter((line) => line !== '');
  }

  it.each([
    [['ce'], ['certificate']],
    [['vcenter', 'mi'], ['migrate']],
    [['vcenter', 'connect', '--tr'], ['--trust']],
    [
      ['vcenter', 'connect', '--trust', ''],
      ['csr', 'pair', 'root-ca', 'self-signed'],
    ],
    [['vcenter', 'connect', '--dry-run', '--trust', 'r'], ['root-ca']],
    [
      ['-o', ''],
      ['json', 'table', 'yaml'],
    ],
    [['--output', 'ya'], ['yaml']],
    [
      ['-o', 'json', 'vcenter', 're'],
      ['rekey', 'renew'],
    ],
    [['completion', 'z'], ['zsh']],
    // The name of an instance, and no command.
    [['--instance', 'key', 'vcenter', 'mi'], ['migrate']],
    [['certificate', 'add', 'vcenter', '--fi'], ['--file']],
    [['certificate', 'add', 'vcenter', '--file', ''], []],
  ])('offers behind %j what may stand there', async (words, expected) => {
    expect([...(await offered(...words))].toSorted()).toEqual(expected);
  });
});
