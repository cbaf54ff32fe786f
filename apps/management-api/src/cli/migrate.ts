import { type Secret } from '@lib/kernel';
import { type DatabaseLogin, LoginsNotProvided, provideLogins, runMigrations } from '@lib/persistence';
import { databaseConnection, loginIn } from '@lib/platform';

import { type AdminConfig } from './admin.config';
import { UsageError } from './arguments';

type Settings = Pick<AdminConfig, 'databaseUrl' | 'gatewayDatabaseUrl' | 'apiDatabaseUrl'>;

/** As the owner of the database: brings its schema up to date, and makes the logins of the processes that are named. */
export async function migrate({ databaseUrl, gatewayDatabaseUrl, apiDatabaseUrl }: Settings): Promise<object> {
  const gateway = loginOf('GATEWAY_DATABASE_URL', gatewayDatabaseUrl);
  const api = loginOf('API_DATABASE_URL', apiDatabaseUrl);
  const owner = databaseConnection(databaseUrl);
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
