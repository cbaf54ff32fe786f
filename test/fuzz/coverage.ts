import { type Profiler, Session } from 'node:inspector';

/**
 * Which blocks of our own code ran, by V8's own counters. A look costs milliseconds, since V8 reports on every script of
 * the process: look after many runs, and again after each of them only when there is something new to find.
 */
export class Coverage {
  readonly #session = new Session();
  /** By script: which of its characters ever ran. Blocks of equal counts are reported as one, so only places compare. */
  readonly #ran = new Map<string, Uint8Array>();
  #size = 0;

  /** @param watched path of the files that count */
  constructor(private readonly watched: RegExp) {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Characters of code that ran at some time. */
  get size(): number {
    return this.#size;
  }

  /** @returns what ran since the last look and never before */
  news(): Places {
    const scripts = this.#take().filter(({ url }) => this.watched.test(url));
    return scripts.flatMap(({ scriptId, functions }) => {
      const known = this.#ran.get(scriptId);
      const places: number[] = [];
      for (const [place, count] of paint(functions).entries()) {
        if (count === 1 && known?.[place] !== 1) places.push(place);
      }
      return places.length === 0 ? [] : [{ scriptId, places }];
    });
  }

  know(news: Places): void {
    for (const { scriptId, places } of news) {
      const old = this.#ran.get(scriptId) ?? new Uint8Array(0);
      const known = new Uint8Array(Math.max(old.length, (places.at(-1) ?? 0) + 1));
      known.set(old);
      for (const place of places) known[place] = 1;
      this.#ran.set(scriptId, known);
      this.#size += places.length;
    }
  }

  close(): void {
    this.#session.disconnect();
  }

  #take(): Profiler.ScriptCoverage[] {
    let result: Profiler.ScriptCoverage[] = [];
    // Within one process the answer is there before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error) throw error;
      result = taken.result;
    });
    return result;
  }

  #post(method: string, parameters?: object): void {
    this.#session.post(method, parameters, (error) => {
      if (error) throw error;
    });
  }
}

type Places = readonly { readonly scriptId: string; readonly places: readonly number[] }[];

/** Inner ranges come behind those around them and have the last word. */
function paint(functions: readonly Profiler.FunctionCoverage[]): Uint8Array {
  const ranges = functions.flatMap((each) => each.ranges);
  const painted = new Uint8Array(Math.max(0, ...ranges.map(({ endOffset }) => endOffset)));
  for (const { startOffset, endOffset, count } of ranges) painted.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return painted;
}
