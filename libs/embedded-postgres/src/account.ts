import { chown, readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { EmbeddedPostgresError } from './embedded-postgres.error';

/** The operating-system account the server runs under. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** In order of preference: `postgres` owns nothing else, `nobody` exists everywhere. */
const CANDIDATES = ['postgres', 'nobody'];

/**
 * PostgreSQL refuses to run as root, so root borrows another account. It must be one of the passwd file: initdb
 * looks its name up and fails for a bare number.
 * @returns undefined when we are not root and simply run the server as ourselves.
 */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const account = pickAccount(passwd);
  if (account === undefined) {
    throw new EmbeddedPostgresError(
      'PostgreSQL does not run as root, and there is no account "postgres" or "nobody" to run it under; ' +
        'start as an ordinary user or set DATABASE_URL',
    );
  }
  return account;
}

export function pickAccount(passwd: string): Account | undefined {
  const rows = passwd.split('\n').map((line) => line.split(':'));
  for (const name of CANDIDATES) {
    const [, , uid, gid] = rows.find((fields) => fields[0] === name) ?? [];
    if (uid !== undefined && gid !== undefined) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** The first folder on the way to `path` that `account` may not enter, if any. Access lists are not looked at. */
export async function blockedFolder(path: string, account: Account): Promise<string | undefined> {
  const ancestors: string[] = [];
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    ancestors.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of ancestors) {
    const { mode, uid, gid } = await stat(folder);
    const execute = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & execute) === 0) return folder;
  }
  return undefined;
}

export async function giveTo(path: string, account: Account | undefined): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}
