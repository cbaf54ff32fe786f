import { type FileHandle, open, truncate } from 'node:fs/promises';

import { z } from 'zod';

import { readPrivateFile } from '../../profiles/private-file';
import { Refusal } from '../refusal';

const reference = z.object({
  _typeName: z.literal('ManagedObjectReference').exactOptional(),
  type: z.string(),
  value: z.string(),
});
const target = z.strictObject({
  kind: z.enum(['machine', 'host', 'first_class_disk', 'vsan']),
  object: reference,
  name: z.string(),
  /** Of a first-class disk. */
  datastore: reference.exactOptional(),
});
const asked = z.strictObject({
  vcenter: z.string(),
  provider: z.string(),
  mode: z.enum(['shallow', 'deep']),
  /** What has keys of this provider alone. */
  from: z.string().exactOptional(),
  only: z.array(z.string()).readonly(),
  except: z.array(z.string()).readonly(),
  /** Storage policy. */
  profile: z.string().exactOptional(),
});
const plan = z.strictObject({ kind: z.literal('plan'), id: z.string(), asked, targets: z.array(target).readonly() });
const entry = z.discriminatedUnion('kind', [
  plan,
  /** What could not be done when it was begun, and can be now. */
  z.strictObject({ kind: z.literal('more'), targets: z.array(target).readonly() }),
  /** A key is about to be made for it: after a kill there may be one that nothing uses. */
  z.strictObject({ kind: z.literal('intent'), target: z.string() }),
  z.strictObject({ kind: z.literal('mark'), target: z.string(), mark: z.string() }),
  z.strictObject({ kind: z.literal('task'), target: z.string(), task: z.string() }),
  z.strictObject({
    kind: z.literal('end'),
    target: z.string(),
    outcome: z.enum(['done', 'failed', 'skipped']),
    /** Of vSAN: the one that it made. */
    key: z.string().exactOptional(),
    why: z.string().exactOptional(),
  }),
]);

/** How far one object has come. Written before what it announces is done, so that a kill loses nothing. */
export type JournalEntry = z.infer<typeof entry>;
export type Plan = z.infer<typeof plan>;
/** Of one target. */
type Step = Exclude<JournalEntry, { kind: 'plan' | 'more' }>;
/** A journal belongs to what was asked for. */
export type Asked = z.infer<typeof asked>;
/** What has its keys replaced by one act of vCenter. */
export type Target = z.infer<typeof target>;
export type RekeyMode = Asked['mode'];
export type Outcome = Extract<JournalEntry, { kind: 'end' }>['outcome'];

export const idOf = ({ object }: Pick<Target, 'object'>): string => `${object.type}:${object.value}`;

/** What the journal knows of one target. */
export interface Progress {
  /** The key that it gets; of vSAN the one before. */
  readonly mark?: string;
  readonly task?: string;
  readonly outcome?: Outcome;
  /** Of vSAN: the one that it made. */
  readonly key?: string;
  readonly why?: string;
  /** Keys that were announced, and whose making no line confirms. */
  readonly unconfirmedKeys: number;
}

const NOTHING: Progress = { unconfirmedKeys: 0 };

/** One line for each entry, on the disk before the next thing is done. A torn last line was never acted on. */
export class Journal {
  readonly #progress = new Map<string, Progress>();
  #last: Promise<unknown> = Promise.resolve();
  #plan: Plan;

  private constructor(
    private readonly file: FileHandle,
    readonly path: string,
    plan: Plan,
  ) {
    this.#plan = plan;
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** @throws Error when there is one already */
  static async begin(path: string, plan: Plan): Promise<Journal> {
    const journal = new Journal(await open(path, 'ax', 0o600), path, plan);
    await journal.#append(plan);
    return journal;
  }

  /**
   * Goes on with one that was begun.
   * @returns undefined where there is none
   * @throws CommandFault when others can write it: what stands in it is done
   */
  static async resume(path: string): Promise<Journal | undefined> {
    const text = await readPrivateFile(path);
    if (text === undefined) return undefined;
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const [first, ...entries] = whole
      .split('\n')
      .slice(0, -1)
      .map((line, index) => parsed(line, path, index + 1));
    if (first?.kind !== 'plan') {
      throw new Refusal(
        `${path} is no journal of a re-key, or was cut before its first line was whole. Begin anew without it.`,
      );
    }
    // What was torn is taken away, so that the next line begins at its place.
    await truncate(path, Buffer.byteLength(whole));
    const file = await open(path, 'a', 0o600);
    await file.sync();
    const journal = new Journal(file, path, first);
    for (const each of entries) journal.#take(each);
    return journal;
  }

  /** Keys that were made, by whether what they were made for has gone: then nothing uses them. */
  marks(of: 'needed' | 'gone'): ReadonlySet<string> {
    const targets = this.plan.targets.filter(({ kind }) => kind !== 'vsan').map((each) => this.progressOf(each));
    const wanted = targets.filter(({ outcome }) => (outcome === 'skipped') === (of === 'gone'));
    return new Set(wanted.flatMap(({ mark }) => (mark === undefined ? [] : [mark])));
  }

  /** How many keys were announced, and whose making no line confirms. */
  get unconfirmedKeys(): number {
    return Array.from(this.#progress.values()).reduce((sum, { unconfirmedKeys }) => sum + unconfirmedKeys, 0);
  }

  progressOf(target: Target): Progress {
    return this.#progress.get(idOf(target)) ?? NOTHING;
  }

  /** Returns when it is on the disk. */
  async write(entry: Step): Promise<void> {
    await this.#append(entry);
    this.#take(entry);
  }

  /** Adds those of the targets that it does not have yet. */
  async extend(targets: readonly Target[]): Promise<void> {
    const known = new Set(this.#plan.targets.map(idOf));
    const more = { kind: 'more', targets: targets.filter((each) => !known.has(idOf(each))) } as const;
    if (more.targets.length === 0) return;
    await this.#append(more);
    this.#take(more);
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
    if (entry.kind === 'more') {
      this.#plan = { ...this.#plan, targets: [...this.#plan.targets, ...entry.targets] };
      return;
    }
    const before = this.#progress.get(entry.target) ?? NOTHING;
    this.#progress.set(entry.target, after(before, entry));
  }
}

function after(before: Progress, entry: Step): Progress {
  const { unconfirmedKeys } = before;
  switch (entry.kind) {
    case 'intent':
      return { unconfirmedKeys: unconfirmedKeys + 1 };
    case 'mark':
      return { mark: entry.mark, unconfirmedKeys: Math.max(0, unconfirmedKeys - 1) };
    case 'task':
      return { ...before, task: entry.task };
    case 'end': {
      const { outcome, key, why } = entry;
      return { ...before, outcome, ...(key !== undefined && { key }), ...(why !== undefined && { why }) };
    }
  }
}

/** A line that was left out could be that of a key, and would be done twice. @throws Refusal */
function parsed(line: string, path: string, number: number): JournalEntry {
  try {
    return entry.parse(JSON.parse(line));
  } catch {
    throw new Refusal(
      `Line ${number} of ${path} is not understood: something else than this program wrote it, or another version did. Nothing was done.`,
    );
  }
}
