import cluster, { type Worker } from 'node:cluster';

import { type ProcessReport } from '@lib/observability';

import { dealAgain } from './handovers';
import { type Answer, type Question } from './worker-link';

/** A worker that is busier than this says nothing to anybody else either. */
const ANSWER_WITHIN_MS = 2_000;

export interface WorkerEvents {
  readonly said: (answer: Answer) => void;
  /** It serves no more, by itself: it ended, or is about to. Said once. */
  readonly lost: () => void;
  readonly ended: () => void;
}

/** One worker, as its primary sees it. */
export class WorkerProcess {
  /** Resolves when it takes connections; rejects when it ends before that. */
  readonly serves: Promise<void>;
  /** Never rejects. */
  readonly ended: Promise<void>;
  state: 'starting' | 'serving' | 'leaving' = 'starting';
  #servedSinceMs = Number.NaN;
  #nextQuestion = 1;
  readonly #questions = new Map<number, (answer: Answer | undefined) => void>();
  readonly #worker: Worker;

  /** @param environment beside what it inherits */
  constructor(environment: Readonly<Record<string, string>>, events: WorkerEvents) {
    this.#worker = cluster.fork(environment);
    dealAgain(this.#worker.process, () => {
      return Object.values(cluster.workers ?? {}).some((one) => one?.isConnected() === true && one !== this.#worker);
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve());
      // One that could not be started has no exit.
      this.#worker.on('error', () => this.pid === undefined && resolve());
    });
    this.serves = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: ProcessReport | Answer) => {
        if (message.kind === 'ready') resolve();
        else if (message.kind === 'failed') reject(new Error(message.message));
        else this.#hear(message, events);
      });
      void this.ended.then(() => reject(new Error('a worker ended before it served')));
    });
    this.serves.then(
      () => {
        if (this.state === 'starting') this.state = 'serving';
        this.#servedSinceMs = performance.now();
      },
      () => undefined,
    );
    void this.ended.then(() => {
      for (const give of this.#questions.values()) give(undefined);
      events.ended();
      this.#leaves(events);
    });
  }

  get id(): number {
    return this.#worker.id;
  }

  /** False as soon as its end is heard of, which is before it is gone. */
  get isThere(): boolean {
    return this.#worker.isConnected();
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  /** 0 when it never did. */
  get servedMs(): number {
    return Number.isNaN(this.#servedSinceMs) ? 0 : performance.now() - this.#servedSinceMs;
  }

  signal(name: NodeJS.Signals): void {
    this.#worker.process.kill(name);
  }

  /** @returns undefined when it does not answer in time. Never rejects */
  ask(kind: Question['kind']): Promise<Answer | undefined> {
    const id = this.#nextQuestion++;
    return new Promise((resolve) => {
      const give = (answer: Answer | undefined): void => {
        clearTimeout(timer);
        this.#questions.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(() => give(undefined), ANSWER_WITHIN_MS);
      this.#questions.set(id, give);
      if (!this.isThere) give(undefined);
      else this.#worker.process.send({ kind, id } satisfies Question, (error) => error && give(undefined));
    });
  }

  /** Asks it to answer what it has begun and to end; whatever is left after `withinMs` is cut. Resolves when it is gone. */
  async dismiss(withinMs: number): Promise<void> {
    this.state = 'leaving';
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), withinMs);
    await this.ended;
    clearTimeout(timer);
  }

  #leaves({ lost }: WorkerEvents): void {
    const served = this.state === 'serving';
    this.state = 'leaving';
    if (served) lost();
  }

  #hear(answer: Answer, events: WorkerEvents): void {
    events.said(answer);
    if (answer.kind === 'leaves') this.#leaves(events);
    else if (answer.kind !== 'last words') this.#questions.get(answer.id)?.(answer);
  }
}
