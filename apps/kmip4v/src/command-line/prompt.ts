import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

import { plainLines } from '../output/plain-text';
import { usageFault } from './faults';

export interface Typist {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Asks the person at the terminal. Where there is none, nothing is asked and nothing assumed. */
export class Prompt {
  constructor(private readonly typist: Typist) {}

  get isPossible(): boolean {
    return this.typist.stdin.isTTY && this.typist.stderr.isTTY;
  }

  /** @param otherwise what to give instead where nobody can be asked, e.g. `--confirm NAME` */
  async line(question: string, otherwise: string): Promise<string> {
    return await this.#asked(question, otherwise, this.typist.stderr);
  }

  /** What is typed is not shown. */
  async secret(question: string, otherwise: string): Promise<string> {
    if (this.isPossible) this.typist.stderr.write(question);
    const answer = await this.#asked('', otherwise, new Writable({ write: (_chunk, _encoding, done) => done() }));
    this.typist.stderr.write('\n');
    return answer;
  }

  /** @throws CommandFault unless the answer is yes */
  async agreed(question: string, otherwise = '--yes'): Promise<void> {
    const answer = await this.line(`${question} [y/N] `, otherwise);
    if (!/^y(es)?$/i.test(answer)) throw usageFault('nothing was done');
  }

  async #asked(question: string, otherwise: string, output: NodeJS.WritableStream): Promise<string> {
    if (!this.isPossible) throw usageFault(`${otherwise} is missing, and there is no terminal to ask at`);
    const lines = createInterface({ input: this.typist.stdin, output, terminal: true });
    try {
      return (await lines.question(plainLines(question))).trim();
    } finally {
      lines.close();
    }
  }
}
