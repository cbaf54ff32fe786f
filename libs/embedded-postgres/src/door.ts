import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Client } from 'pg';

import { type Account, giveTo } from './account';

/** The one superuser of an embedded server. */
export const ADMINISTRATOR = 'kms';

/** Where the rules of entry and the administrator's password lie. */
export interface Door {
  readonly cluster: string;
  readonly passwordFile: string;
  readonly account: Account | undefined;
}

/** Read from the top, the first line that fits decides: nobody comes in by the name alone, and nobody by network. */
const LOCKED =
  '# Written at every start. Logins and their passwords are made by the service.\nlocal all all scram-sha-256\n';
/** For as long as the administrator has no password: at the first start, and after its file was lost. */
const OPEN = '# Written at a start, and replaced before it is over.\nlocal all all trust\n';

/** Two processes that start at once change one role. */
const LOCK = 'pg_advisory_lock(815, 3)';

export async function administratorPassword({ passwordFile }: Door): Promise<string | undefined> {
  return await readFile(passwordFile, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Without its password nobody could get in any more: whoever may write the cluster's files may also give a new one. */
export async function openIfPasswordIsLost(door: Door): Promise<'opened' | 'untouched'> {
  if ((await administratorPassword(door)) !== undefined || (await rules(door)) === undefined) return 'untouched';
  await writeRules(door, OPEN);
  return 'opened';
}

/** Gives the administrator the password of the file, and from then on demands one of everybody. Can be cut anywhere. */
export async function lockDoor(door: Door, host: string): Promise<string> {
  const password = await ensurePassword(door);
  if ((await rules(door)) === LOCKED) return password;
  const client = new Client({ host, user: ADMINISTRATOR, password, database: 'postgres' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`SELECT ${LOCK}`);
    // Drawn by ourselves, so it holds nothing that would end the text; this server logs no statements.
    await client.query(`ALTER ROLE ${ADMINISTRATOR} PASSWORD '${password}'`);
    await writeRules(door, LOCKED);
    await client.query('SELECT pg_reload_conf()');
  } finally {
    await client.end();
  }
  return password;
}

async function ensurePassword(door: Door): Promise<string> {
  const drawn = randomBytes(32).toString('base64url');
  try {
    await writeFile(door.passwordFile, `${drawn}\n`, { mode: 0o600, flag: 'wx' });
    return drawn;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const found = await administratorPassword(door);
  if (found !== undefined && /^[\w-]{43}$/.test(found)) return found;
  // Cut between making the file and filling it.
  await rm(door.passwordFile);
  return ensurePassword(door);
}

const rulesFile = ({ cluster }: Door): string => join(cluster, 'pg_hba.conf');

async function rules(door: Door): Promise<string | undefined> {
  return await readFile(rulesFile(door), 'utf8').catch(() => undefined);
}

async function writeRules(door: Door, text: string): Promise<void> {
  const draft = `${rulesFile(door)}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, text, { mode: 0o600 });
  await giveTo(draft, door.account);
  await rename(draft, rulesFile(door));
}
