import { type Environment } from '@lib/config';
import { type Secret } from '@lib/kernel';
import {
  type DatabaseLogin,
  handOverDatabase,
  LoginsNotProvided,
  provideLogins,
  runMigrations,
} from '@lib/persistence';
import { databaseConnection, loginIn } from '@lib/platform';

import { readMigrationConfig } from '../admin.config';
import { UsageError } from '../arguments';

/**
 * As the owner of the database: brings its schema up to date, and makes the logins of the processes that are named. With
 * an administrator it makes the owner first, who gets what a release with one login for all has left. Prints what ran, and the logins.
 */
export async function migrate(environment: Environment): Promise<object> {
  const settings = readMigrationConfig(environment);
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
