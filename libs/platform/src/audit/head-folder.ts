import { chown, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { type HeadCopies } from '@lib/audit';
import { replaceWhole } from '@lib/config';
import { type InstanceId, isUuid, toInstanceId } from '@lib/kernel';

const HEAD = '.head';
const RELEASED = '.released';

/**
 * A folder in the record beside the service keys, outside of the database and its backups: the last signed head of each
 * instance, and the heads that an operator has released. Holds no secret. Processes that share it replace whole files.
 */
export class HeadFolder implements HeadCopies {
  constructor(private readonly folder: string) {}

  async read(instanceId: InstanceId): Promise<string | undefined> {
    return (await this.#text(`${instanceId}${HEAD}`))?.trim();
  }

  async write(instanceId: InstanceId, jws: string): Promise<void> {
    await this.#replace(`${instanceId}${HEAD}`, `${jws}\n`);
  }

  async released(instanceId: InstanceId): Promise<ReadonlySet<string>> {
    return new Set((await this.#text(`${instanceId}${RELEASED}`))?.split('\n').filter((line) => line !== ''));
  }

  async release(instanceId: InstanceId, digests: readonly string[]): Promise<void> {
    const all = new Set([...(await this.released(instanceId)), ...digests]);
    await this.#replace(`${instanceId}${RELEASED}`, [...all].map((digest) => `${digest}\n`).join(''));
  }

  async instances(): Promise<readonly InstanceId[]> {
    const names = await orAbsent(readdir(this.folder));
    const ids = (names ?? []).filter((name) => name.endsWith(HEAD)).map((name) => name.slice(0, -HEAD.length));
    return ids.filter(isUuid).map(toInstanceId);
  }

  async #text(name: string): Promise<string | undefined> {
    return orAbsent(readFile(join(this.folder, name), 'utf8'));
  }

  async #replace(name: string, content: string): Promise<void> {
    const record = join(this.folder, '..');
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    if (process.getuid?.() === 0) {
      const { uid, gid } = await stat(record);
      await chown(this.folder, uid, gid);
    }
    await replaceWhole(join(this.folder, name), Buffer.from(content), record);
  }
}

async function orAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
