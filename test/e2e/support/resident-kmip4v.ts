import { type ChildProcess, fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Ran {
  readonly status: number;
  /** What went to both, in the order of their names. */
  readonly text: string;
}

/**
 * The installed program, loaded once for many commands in one folder: sixty starts of it would take longer than all that
 * they do. Each command has arguments, streams and an exit status of its own.
 */
export class ResidentKmip4v {
  #waiting: { readonly resolve: (ran: Ran) => void; readonly reject: (error: Error) => void } | undefined;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (answer) => this.#waiting?.resolve(answer as Ran));
    child.on('exit', () => this.#waiting?.reject(new Error('kmip4v ended')));
  }

  static async start(program: string, folder: string, env: Readonly<Record<string, string>>): Promise<ResidentKmip4v> {
    const script = join(folder, 'resident.cjs');
    await writeFile(script, SCRIPT);
    return new ResidentKmip4v(fork(script, [program], { cwd: folder, env }));
  }

  /** One at a time. */
  run(words: readonly string[]): Promise<Ran> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.child.send(words);
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.child.kill();
  }
}

const SCRIPT = `'use strict';
const { main } = require(process.argv[2]);
process.on('message', (words) => {
  const shown = { out: '', err: '' };
  const stream = (name) => ({ write: (text, done) => { shown[name] += text; done?.(); return true; } });
  main(Object.create(process, {
    argv: { value: ['node', 'kmip4v', ...words] },
    stdout: { value: stream('out') },
    stderr: { value: stream('err') },
    stdin: { value: { isTTY: false } },
    exitCode: { get: () => undefined, set: (status) => process.send({ status, text: shown.err + '\\n' + shown.out }) },
  }));
});
`;
