import { type FileHandle, open } from 'node:fs/promises';

import { type ManagedObjectReference } from '@lib/vi-json';

import { Refusal } from '../refusal';

/** How far one object has come. Written before what it announces is done, so that a kill loses nothing. */
export type JournalEntry =
  | {
      readonly kind: 'plan';
      readonly id: string;
      readonly vcenter: string;
      readonly mode: RekeyMode;
      readonly provider: string;
      readonly targets: readonly Target[];
    }
  /** A key is about to be made for it: after a kill there may be one that nothing uses. */
  | { readonly kind: 'intent'; readonly target: string }
  | { readonly kind: 'mark'; readonly target: string; readonly mark: string }
  | { readonly kind: 'task'; readonly target: string; readonly task: string }
  | { readonly kind: 'end'; readonly target: string; readonly outcome: Outcome; readonly why?: string };

export type RekeyMode = 'shallow' | 'deep';
export type Outcome = 'done' | 'failed' | 'skipped';

/** What has its keys replaced by one act of vCenter. */
export interface Target {
  readonly kind: 'machine' | 'host' | 'first_class_disk' | 'vsan';
  readonly object: ManagedObjectReference;
  readonly name: string;
  /** Of a first-class disk. */
  readonly datastore?: ManagedObjectReference;
}

export const idOf = ({ object }: Pick<Target, 'object'>): string => `${object.type}:${object.value}`;

/** What the journal knows of one target. */
export interface Progress {
  /** The key that it gets; of vSAN the one before. */
  readonly mark?: string;
  readonly task?: string;
  readonly outcome?: Outcome;
  readonly why?: string;
  /** Keys that were announced, and whose making no line confirms. */
  readonly unconfirmedKeys: number;
}

const NOTHING: Progress = { unconfirmedKeys: 0 };

/** One line for each entry, on the disk before the next thing is done. A torn last line was never acted on. */
export class Journal {
  readonly #progress = new Map<string, Progress>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly file: FileHandle,
    readonly path: string,
    readonly plan: Extract<JournalEntry, { kind: 'plan' }>,
  ) {}

  /** @throws Error when there is one already */
  static async begin(path: string, plan: Journal['plan']): Promise<Journal> {
    const journal = new Journal(await open(path, 'ax', 0o600), path, plan);
    await journal.#append(plan);
    return journal;
  }

  /** Goes on with one that was begun. @throws Error when it is none */
  static async resume(path: string): Promise<Journal> {
    const file = await open(path, 'r+', 0o600);
    const text = await file.readFile('utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const [first, ...entries] = whole.split('\n').slice(0, -1).flatMap(parsed);
    if (first?.kind !== 'plan') {
      await file.close();
      throw new Refusal(
        `${path} is no journal of a re-key, or was cut before its first line was whole. Begin anew without it.`,
      );
    }
    // What was torn is taken away, so that the next line begins at its place.
    await file.truncate(Buffer.byteLength(whole));
    await file.sync();
    await file.close();
    const journal = new Journal(await open(path, 'a', 0o600), path, first);
    for (const entry of entries) journal.#take(entry);
    return journal;
  }

  progressOf(target: Target): Progress {
    return this.#progress.get(idOf(target)) ?? NOTHING;
  }

  /** Returns when it is on the disk. */
  async write(entry: Exclude<JournalEntry, { kind: 'plan' }>): Promise<void> {
    await this.#append(entry);
    this.#take(entry);
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  /** One after the other: lines of several targets never lie within each other. */
  async #append(entry: JournalEntry): Promise<void> {
    const written = this.#last.then(async () => {
      await this.file.appendFile(`${JSON.stringify(entry)}\n`);
      await this.file.datasync();
    });
    this.#last = written.catch(() => undefined);
    await written;
  }

  #take(entry: JournalEntry): void {
    if (entry.kind === 'plan') return;
    const before = this.#progress.get(entry.target) ?? NOTHING;
    this.#progress.set(entry.target, after(before, entry));
  }
}

function after(before: Progress, entry: Exclude<JournalEntry, { kind: 'plan' }>): Progress {
  const { unconfirmedKeys } = before;
  switch (entry.kind) {
    case 'intent':
      return { unconfirmedKeys: unconfirmedKeys + 1 };
    case 'mark':
      return { mark: entry.mark, unconfirmedKeys: Math.max(0, unconfirmedKeys - 1) };
    case 'task':
      return { ...before, task: entry.task };
    case 'end':
      return { ...before, outcome: entry.outcome, ...(entry.why === undefined ? {} : { why: entry.why }) };
  }
}

function parsed(line: string): readonly JournalEntry[] {
  try {
    return [JSON.parse(line) as JournalEntry];
  } catch {
    return [];
  }
}
