import { dirname, join } from 'node:path';

import { z } from 'zod';

import { EXIT } from '../command-line/exit-codes';
import { CommandFault } from '../command-line/faults';
import { readPrivateFile, writePrivateFile } from '../profiles/private-file';
import { profileFilePath } from '../profiles/profile-file';

const known = z.strictObject({
  sha256: z.string(),
  pinnedAt: z.string(),
  /** Client certificates that a renewal registered or replaced: to be removed when nobody presents them any more. */
  leaving: z.array(z.strictObject({ sha256: z.string(), since: z.string() })).exactOptional(),
});
const pinFile = z.strictObject({ vcenters: z.record(z.string(), known) });

export interface LeavingCertificate {
  readonly sha256: string;
  readonly since: string;
}

/**
 * What is known of vCenters, by origin: the certificate that was trusted at first use, and client certificates on their way
 * out. Readable by their owner alone, as profiles are.
 */
export class Pins {
  constructor(private readonly path: string) {}

  static in(env: Readonly<Record<string, string | undefined>>): Pins {
    return new Pins(join(dirname(profileFilePath(env)), 'vcenters.json'));
  }

  async of(origin: string): Promise<string | undefined> {
    return (await this.#read())[origin]?.sha256;
  }

  async set(origin: string, sha256: string, now: Date): Promise<void> {
    const before = (await this.#read())[origin];
    await this.#write(origin, { ...before, sha256, pinnedAt: now.toISOString() });
  }

  /** For another vCenter than the one that was there: nothing that was known of that one counts. */
  async begin(origin: string, sha256: string, now: Date): Promise<void> {
    await this.#write(origin, { sha256, pinnedAt: now.toISOString() });
  }

  async leaving(origin: string): Promise<readonly LeavingCertificate[]> {
    return (await this.#read())[origin]?.leaving ?? [];
  }

  async setLeaving(origin: string, leaving: readonly LeavingCertificate[]): Promise<void> {
    const before = (await this.#read())[origin];
    if (before !== undefined) await this.#write(origin, { ...before, leaving: [...leaving] });
  }

  async #write(origin: string, entry: z.infer<typeof known>): Promise<void> {
    const vcenters = { ...(await this.#read()), [origin]: entry };
    await writePrivateFile(this.path, `${JSON.stringify({ vcenters }, null, 2)}\n`);
  }

  async #read(): Promise<z.infer<typeof pinFile>['vcenters']> {
    const text = await readPrivateFile(this.path);
    if (text === undefined) return {};
    try {
      return pinFile.parse(JSON.parse(text)).vcenters;
    } catch {
      // Without it any certificate would be trusted as at first use.
      throw new CommandFault(EXIT.refused, `${this.path} is not understood`, 'mend it, or remove it to trust anew');
    }
  }
}
