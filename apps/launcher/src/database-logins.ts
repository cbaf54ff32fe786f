import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type LauncherConfig } from '@lib/config';
import { DomainError, Secret } from '@lib/kernel';
import { handOverDatabase, LoginsNotProvided, provideLogins, runMigrations } from '@lib/persistence';
import { databaseConnection, socketUrl, withLogin } from '@lib/platform';

import { StartError } from './data-folder';
import { type PostgresKeeper } from './postgres-keeper';

/** Where each process connects; none of them is told another's. */
export interface ProcessUrls {
  readonly gateway: Secret;
  /** Of the management API, the operator's command line, and ourselves while we fill the demo. */
  readonly api: Secret;
}

interface Passwords {
  readonly owner: string;
  readonly gateway: string;
  readonly api: string;
}

/**
 * Brings the database up to date and gives each process a login of its own. Of the embedded server even the owner is no
 * superuser.
 * @throws StartError for what the person at the keyboard can mend
 */
export async function prepareDatabase(
  config: LauncherConfig,
  dataFolder: string,
  embedded: PostgresKeeper | undefined,
): Promise<ProcessUrls> {
  try {
    const passwords = await keptPasswords(dataFolder);
    const owner = config.databaseUrl ?? (await embeddedOwner(embedded, passwords.owner));
    await runMigrations(databaseConnection(owner));
    const made = {
      gateway: withLogin(owner, 'gateway', passwords.gateway),
      api: withLogin(owner, 'api', passwords.api),
    };
    const { gatewayDatabaseUrl: gateway, apiDatabaseUrl: api } = config;
    await provideLogins(databaseConnection(owner), {
      ...(gateway === undefined ? { gateway: made.gateway.login } : {}),
      ...(api === undefined ? { api: made.api.login } : {}),
    });
    return { gateway: gateway ?? made.gateway.url, api: api ?? made.api.url };
  } catch (error) {
    if (error instanceof DomainError || !(error instanceof Error)) throw error;
    const wanted = error instanceof LoginsNotProvided ? 'GATEWAY_DATABASE_URL and API_DATABASE_URL' : 'DATABASE_URL';
    throw new StartError(`The database cannot be used (${error.message}). Check ${wanted}.`, { cause: error });
  }
}

async function embeddedOwner(embedded: PostgresKeeper | undefined, password: string): Promise<Secret> {
  if (embedded === undefined) throw new StartError('There is neither a database nor DATABASE_URL.');
  const administrator = embedded.connection;
  const login = { user: `${administrator.database}_owner`, password };
  await handOverDatabase(administrator, login);
  return Secret.fromText(socketUrl({ ...administrator, ...login }));
}

/** Drawn once and kept, so that processes of a launcher that was killed can go on. */
async function keptPasswords(dataFolder: string): Promise<Passwords> {
  const file = join(dataFolder, 'database-logins.json');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  // Written below and nowhere else.
  if (known !== undefined) return JSON.parse(known) as Passwords;
  const drawn = (): string => randomBytes(32).toString('base64url');
  const passwords = { owner: drawn(), gateway: drawn(), api: drawn() };
  await writeFile(`${file}.new`, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return passwords;
}
