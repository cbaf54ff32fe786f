import { fstatSync, write as writeAsync, writeSync } from 'node:fs';

import { type DestinationStream } from 'pino';

/** Takes a piece of the log and says once how that went. */
export type LogSink = (text: string, done: (error?: Error | null) => void) => void;

/** Lines that wait for a destination that takes none: then newer ones are dropped. */
const WAITING_LIMIT = 1024 * 1024;
const PIECE = 64 * 1024;
const STANDARD_OUTPUT = 1;

/**
 * Where log lines go. Writing never throws and never waits: on a full disk, a closed pipe or one that nobody reads, lines
 * are dropped and counted, and the first line that gets through again is preceded by how many are missing. Keys are served
 * without a log rather than not at all; what must be recorded is audited, in the database.
 */
export class LogDestination implements DestinationStream {
  #waiting: string[] = [];
  #waitingLength = 0;
  #writing = false;
  #dropped = 0;
  #unreported = 0;
  #drained: (() => void)[] = [];

  constructor(private readonly sink: LogSink) {}

  /** Lines that were lost since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    if (this.#waitingLength + line.length > WAITING_LIMIT) {
      this.#drop(1);
      return;
    }
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    this.#next();
  }

  /** Resolves when nothing waits any more, or after the time limit. */
  async drain(withinMs: number): Promise<void> {
    if (!this.#writing) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
      this.#drained.push(resolve);
    });
    clearTimeout(timer);
  }

  /** What waits, for one last attempt at the end of the process. */
  takeRest(): string {
    return this.#take(WAITING_LIMIT).join('');
  }

  #next(): void {
    if (this.#writing) return;
    const lines = this.#take(PIECE);
    if (lines.length === 0) {
      for (const resolve of this.#drained.splice(0)) resolve();
      return;
    }
    this.#writing = true;
    const missing = this.#unreported;
    const settle = (error?: Error | null): void => {
      this.#writing = false;
      if (error) this.#drop(lines.length);
      else this.#unreported -= missing;
      this.#next();
    };
    try {
      this.sink(`${missing === 0 ? '' : noticeOf(missing)}${lines.join('')}`, settle);
    } catch (error) {
      settle(error as Error);
    }
  }

  #take(limit: number): string[] {
    let length = 0;
    const count = this.#waiting.findIndex((line) => (length += line.length) > limit);
    const lines = this.#waiting.splice(0, count === -1 ? this.#waiting.length : Math.max(1, count));
    this.#waitingLength -= lines.reduce((sum, line) => sum + line.length, 0);
    return lines;
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    this.#unreported += lines;
  }
}

const noticeOf = (dropped: number): string =>
  `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), dropped, msg: 'log lines are missing here' })}\n`;

let standardOutput: LogDestination | undefined;

/** The log of this process: its standard output, whatever that is. */
export function processLog(): LogDestination {
  if (standardOutput !== undefined) return standardOutput;
  const destination = new LogDestination(isStream(STANDARD_OUTPUT) ? pipeSink : fileSink(STANDARD_OUTPUT));
  process.once('exit', () => {
    try {
      writeSync(STANDARD_OUTPUT, destination.takeRest());
    } catch {
      // Nobody is left who could be told.
    }
  });
  return (standardOutput = destination);
}

/** Pipes, sockets and terminals: Node does not wait for their reader. */
function isStream(descriptor: number): boolean {
  const kind = fstatSync(descriptor);
  return kind.isFIFO() || kind.isSocket() || process.stdout.isTTY;
}

const pipeSink: LogSink = (text, done) => void process.stdout.write(text, done);

/** Node writes to files in the main thread, where a slow disk would hold up everybody; here another thread waits. */
function fileSink(descriptor: number): LogSink {
  let torn = false;
  return (text, done) => {
    const bytes = Buffer.from(torn ? `\n${text}` : text);
    const from = (offset: number): void => {
      writeAsync(descriptor, bytes, offset, undefined, null, (error, written) => {
        if (!error && offset + written < bytes.length) {
          from(offset + written);
          return;
        }
        // A disk that fills up takes the first half of a line: the next one must not be glued to it.
        torn = error ? torn || offset > 0 : false;
        done(error);
      });
    };
    from(0);
  };
}
