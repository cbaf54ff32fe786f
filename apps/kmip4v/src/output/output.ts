import { styleText } from 'node:util';

import { ProgressBar } from '@lib/terminal';

import { type Told } from '../command-line/faults';
import { type Answer } from './answer';
import { escaped, plain, plainLines } from './plain-text';
import { type Paint, type Screen, type Tone } from './table';

export const FORMATS = ['table', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

/** Nobody reads what we print any more, e.g. `kmip4v key list | head -1`. */
export class OutputClosed extends Error {}

interface Stream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string | Uint8Array, written: (error?: Error | null) => void): unknown;
}

export interface Streams {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const STYLES: Readonly<Record<Tone, 'green' | 'red' | 'yellow' | 'dim'>> = {
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  faint: 'dim',
};

/** The one place that prints: answers to standard output, everything else to standard error. */
export class Output {
  constructor(
    private readonly streams: Streams,
    readonly format: Format,
  ) {}

  /** @throws OutputClosed */
  async answer(answer: Answer): Promise<void> {
    await this.write(`${await this.#rendered(answer)}\n`);
  }

  /** For what is printed as it comes: lines of a log. @throws OutputClosed */
  async write(text: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.streams.stdout.write(text, (error) => {
        if (error) reject(new OutputClosed('the output was closed', { cause: error }));
        else resolve();
      });
    });
  }

  /** A remark for people. Names of other people's machines are in it: it moves no cursor. */
  note(text: string): void {
    this.#line(plainLines(text));
  }

  #line(text: string): void {
    this.streams.stderr.write(`${text}\n`, () => undefined);
  }

  fault({ message, remedy, code, trace, exit }: Told): void {
    if (this.format === 'json') {
      this.#line(escaped(JSON.stringify({ error: { exit_code: exit, code, message, remedy, trace } }, null, 2)));
      return;
    }
    const paint = this.#paint(this.streams.stderr);
    this.#line(`${paint('error:', 'bad')} ${plainLines(message)}`);
    if (remedy !== undefined) this.#line(`${paint('what to do:', 'faint')} ${plain(remedy)}`);
    if (trace !== undefined) this.#line(`${paint('trace:', 'faint')} ${plain(trace)}`);
  }

  progress(): ProgressBar {
    const { stderr } = this.streams;
    return new ProgressBar({ isTTY: stderr.isTTY, write: (text) => stderr.write(text, () => undefined) }, () =>
      performance.now(),
    );
  }

  async #rendered({ value, text }: Answer): Promise<string> {
    if (this.format === 'json') return escaped(JSON.stringify(value ?? {}, null, 2));
    if (this.format === 'yaml') return escaped((await import('yaml')).stringify(value ?? {}).trimEnd());
    return text(this.screen());
  }

  screen(): Screen {
    const { stdout, env } = this.streams;
    const given = Number(env['COLUMNS'] ?? Number.NaN);
    const width = given > 0 ? given : stdout.isTTY === true ? (stdout.columns ?? 80) : Infinity;
    return { width, paint: this.#paint(stdout) };
  }

  /** https://no-color.org */
  #paint({ isTTY }: Stream): Paint {
    const { NO_COLOR: none = '', TERM: terminal } = this.streams.env;
    if (isTTY !== true || none !== '' || terminal === 'dumb') return (text) => text;
    return (text, tone) => styleText(STYLES[tone], text, { validateStream: false });
  }
}
