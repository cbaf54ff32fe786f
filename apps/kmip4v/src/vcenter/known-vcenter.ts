import { dirname, join } from 'node:path';

import { z } from 'zod';

import { EXIT } from '../command-line/exit-codes';
import { CommandFault } from '../command-line/faults';
import { readPrivateFile, writePrivateFile } from '../profiles/private-file';
import { profileFilePath } from '../profiles/profile-file';
import { lockFor } from './process-lock';

const leavingCertificate = z.strictObject({ sha256: z.string(), since: z.string() });
const begun = z.discriminatedUnion('kind', [
  /** Of this name it is registered at the service. */
  z.strictObject({ kind: z.literal('certificate'), name: z.string() }),
  /** It bears this as an attribute. */
  z.strictObject({ kind: z.literal('test_key'), name: z.string() }),
  /** Which there were before: the new one has no name that could be noted. */
  z.strictObject({ kind: z.literal('credential'), before: z.array(z.string()).readonly() }),
]);
const known = z.strictObject({
  sha256: z.string(),
  pinnedAt: z.string(),
  leaving: z.array(leavingCertificate).readonly().exactOptional(),
  begun: z.array(begun).readonly().exactOptional(),
});
type Known = z.infer<typeof known>;

/** A client certificate that a renewal registered or replaced: removed when nobody presents it any more. */
export type LeavingCertificate = z.infer<typeof leavingCertificate>;
/** What a run was about to make at the service. Noted before, so that a run that was killed leaves nothing behind unknown. */
export type Begun = z.infer<typeof begun>;

/** What runs keep of what they begin, until it is as it should be or taken back. */
export interface RunNotes {
  begun(): Promise<readonly Begun[]>;
  note(what: Begun): Promise<void>;
  forget(what: Begun): Promise<void>;
}

/** What is known of one vCenter from run to run. Readable by its owner alone, as profiles are. */
export class KnownVCenter implements RunNotes {
  readonly #path: string;

  constructor(
    private readonly origin: string,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    const name = new URL(origin).host.replace(/[^A-Za-z0-9.-]/g, '_');
    this.#path = join(dirname(profileFilePath(env)), 'vcenters', `${name}.json`);
  }

  /** SHA-256 of the certificate that is trusted. */
  async fingerprint(): Promise<string | undefined> {
    return (await this.#read())?.sha256;
  }

  async trust(sha256: string, now: Date): Promise<void> {
    await this.#write({ ...(await this.#read()), sha256, pinnedAt: now.toISOString() });
  }

  /** Another vCenter than the one that was there: nothing that was known of that one counts. */
  async begin(sha256: string, now: Date): Promise<void> {
    await this.#write({ sha256, pinnedAt: now.toISOString() });
  }

  async leaving(): Promise<readonly LeavingCertificate[]> {
    return (await this.#read())?.leaving ?? [];
  }

  async setLeaving(leaving: readonly LeavingCertificate[]): Promise<void> {
    await this.#change(() => ({ leaving }));
  }

  async begun(): Promise<readonly Begun[]> {
    return (await this.#read())?.begun ?? [];
  }

  async note(what: Begun): Promise<void> {
    await this.#change(({ begun: before = [] }) => ({ begun: [...before, what] }));
  }

  async forget(what: Begun): Promise<void> {
    const gone = JSON.stringify(what);
    await this.#change(({ begun: before = [] }) => ({
      begun: before.filter((each) => JSON.stringify(each) !== gone),
    }));
  }

  /** While one process changes this vCenter's key provider, no other does. @throws Refusal */
  async locked<T>(work: () => Promise<T>): Promise<T> {
    const unlock = await lockFor(`${this.#path}.lock`, `the key providers of ${new URL(this.origin).host}`);
    try {
      return await work();
    } finally {
      await unlock();
    }
  }

  async #change(change: (before: Known) => Partial<Known>): Promise<void> {
    const before = await this.#read();
    if (before === undefined) throw new Error(`nothing is known of ${this.origin}`);
    await this.#write({ ...before, ...change(before) });
  }

  async #write(content: Known): Promise<void> {
    await writePrivateFile(this.#path, `${JSON.stringify(content, null, 2)}\n`);
  }

  async #read(): Promise<Known | undefined> {
    const text = await readPrivateFile(this.#path);
    if (text === undefined) return undefined;
    try {
      return known.parse(JSON.parse(text));
    } catch {
      // Without it any certificate would be trusted as at first use.
      throw new CommandFault(EXIT.refused, `${this.#path} is not understood`, 'mend it, or remove it to trust anew');
    }
  }
}
