import { Secret } from '@lib/kernel';

import { UsageError } from '../arguments';
import { migrate } from './migrate.command';

/** Nobody answers there: what is refused is refused before anything is changed. */
const url = (user: string, password = ':secret'): Secret =>
  Secret.fromText(`postgres://${user}${password}@127.0.0.1:1/kmip`);
const WHOLE = {
  databaseUrl: url('owner'),
  administratorDatabaseUrl: url('administrator'),
  gatewayDatabaseUrl: url('gateway'),
  apiDatabaseUrl: url('api'),
};

describe('migrate', () => {
  it.each([
    ['administratorDatabaseUrl', 'databaseUrl', 'ADMINISTRATOR_DATABASE_URL and DATABASE_URL name the same user'],
    ['gatewayDatabaseUrl', 'databaseUrl', 'DATABASE_URL and GATEWAY_DATABASE_URL name the same user'],
    ['apiDatabaseUrl', 'gatewayDatabaseUrl', 'GATEWAY_DATABASE_URL and API_DATABASE_URL name the same user'],
  ] as const)('refuses %s with the user of %s', async (one, other, message) => {
    const refused = migrate({ ...WHOLE, [one]: WHOLE[other] });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
  });

  it.each([
    ['administratorDatabaseUrl', 'ADMINISTRATOR_DATABASE_URL'],
    ['gatewayDatabaseUrl', 'GATEWAY_DATABASE_URL'],
    ['apiDatabaseUrl', 'API_DATABASE_URL'],
    ['databaseUrl', 'DATABASE_URL'],
  ] as const)('refuses %s without a password', async (setting, variable) => {
    const refused = migrate({ ...WHOLE, [setting]: url('nobody', '') });
    await expect(refused).rejects.toThrow(`${variable} must name a user and a password`);
  });
});
