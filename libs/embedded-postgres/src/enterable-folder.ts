import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Account, blockedFolder } from './account';

/** Where root's servers keep their data when the asked folder lies in a private one, such as root's home. */
const SYSTEM_FOLDER = '/var/lib/kmip-for-vmware';

/**
 * A folder for the server's files that `account` may enter: the asked one, opened for passing through; or, when a folder
 * above it is closed to others, one beside the system's other databases. The asked folder remembers which.
 */
export async function enterableFolder(
  asked: string,
  account: Account,
  log: (message: string) => void,
  systemFolder: string = SYSTEM_FOLDER,
): Promise<string> {
  const note = join(asked, 'location');
  const moved = await readFile(note, 'utf8').catch(() => undefined);
  if (moved !== undefined) return moved.trim();
  const { mode } = await stat(asked);
  await chmod(asked, mode | 0o011);
  const blocked = await blockedFolder(asked, account);
  if (blocked === undefined) return asked;
  const folder = join(systemFolder, `postgres-${randomUUID()}`);
  await mkdir(folder, { recursive: true, mode: 0o711 });
  await writeFile(note, `${folder}\n`);
  log(`the account "${account.name}" may not enter ${blocked}; the database lies in ${folder} instead`);
  return folder;
}
