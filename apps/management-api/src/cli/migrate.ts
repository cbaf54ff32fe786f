import { type Secret } from '@lib/kernel';
import {
  type DatabaseLogin,
  handOverDatabase,
  LoginsNotProvided,
  migrationStatus,
  provideLogins,
  revertLastMigration,
  runMigrations,
} from '@lib/persistence';
import { databaseConnection, loginIn } from '@lib/platform';

import { type AdminConfig } from './admin.config';
import { UsageError } from './arguments';

/** SQLSTATE. */
const PERMISSION_DENIED = '42501';

type Settings = Pick<AdminConfig, 'databaseUrl' | 'administratorDatabaseUrl' | 'gatewayDatabaseUrl' | 'apiDatabaseUrl'>;

/**
 * As the owner of the database: brings its schema up to date, and makes the logins of the processes that are named. With
 * an administrator it makes the owner first, who gets what a release with one login for all has left.
 */
export async function migrate(settings: Settings): Promise<object> {
  const { databaseUrl, administratorDatabaseUrl, gatewayDatabaseUrl, apiDatabaseUrl } = settings;
  const gateway = loginOf('GATEWAY_DATABASE_URL', gatewayDatabaseUrl);
  const api = loginOf('API_DATABASE_URL', apiDatabaseUrl);
  const administrator = loginOf('ADMINISTRATOR_DATABASE_URL', administratorDatabaseUrl);
  // Without an administrator the owner may come in without a password, e.g. by its account on this machine.
  const ownerLogin = administrator === undefined ? loginIn(databaseUrl) : loginOf('DATABASE_URL', databaseUrl);
  const owner = databaseConnection(databaseUrl);
  requireDifferent({
    ADMINISTRATOR_DATABASE_URL: administrator,
    DATABASE_URL: ownerLogin,
    GATEWAY_DATABASE_URL: gateway,
    API_DATABASE_URL: api,
  });
  if (administratorDatabaseUrl !== undefined && ownerLogin !== undefined) {
    await handOverDatabase(databaseConnection(administratorDatabaseUrl), ownerLogin);
  }
  const ran = await runMigrations(owner);
  try {
    await provideLogins(owner, { ...(gateway && { gateway }), ...(api && { api }) });
  } catch (error) {
    throw error instanceof LoginsNotProvided ? new UsageError(error.message) : error;
  }
  return { ran, logins: [gateway, api].flatMap((login) => login?.user ?? []) };
}

/** What ran, and what is to come. */
export async function migrationsOf({ databaseUrl }: Pick<Settings, 'databaseUrl'>): Promise<object> {
  return { migrations: await asOwner(() => migrationStatus(databaseConnection(databaseUrl))) };
}

/**
 * Takes the newest migration back, with the data that only it has a place for.
 * @throws UsageError unless `confirmed` is its name, or when no migration of this release ran last
 */
export async function revertMigration(
  { databaseUrl }: Pick<Settings, 'databaseUrl'>,
  confirmed: string,
): Promise<object> {
  const owner = databaseConnection(databaseUrl);
  const last = (await asOwner(() => migrationStatus(owner))).findLast(({ ran }) => ran)?.name;
  if (last === undefined) throw new UsageError('no migration ran: there is nothing to take back');
  if (confirmed !== last) {
    throw new UsageError(`the newest migration is ${last}; its data is lost with it: --confirm ${last} takes it back`);
  }
  await asOwner(() => revertLastMigration(owner));
  return { reverted: last };
}

/** @throws UsageError when the database does not permit it: the logins of processes may not, and npm start has no other */
async function asOwner<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === PERMISSION_DENIED)) throw error;
    throw new UsageError(
      'the login of DATABASE_URL may not do this: set DATABASE_URL to that of the owner of the database',
    );
  }
}

function loginOf(variable: string, url: Secret | undefined): DatabaseLogin | undefined {
  if (url === undefined) return undefined;
  const login = loginIn(url);
  if (login === undefined) throw new UsageError(`${variable} must name a user and a password`);
  return login;
}

/** Two processes with one login have each other's rights, and an administrator who is also the owner hands nothing over. */
function requireDifferent(logins: Readonly<Record<string, DatabaseLogin | undefined>>): void {
  const variableOf = new Map<string, string>();
  for (const [variable, login] of Object.entries(logins)) {
    if (login === undefined) continue;
    const other = variableOf.get(login.user);
    if (other !== undefined) throw new UsageError(`${other} and ${variable} name the same user: give each its own`);
    variableOf.set(login.user, variable);
  }
}
