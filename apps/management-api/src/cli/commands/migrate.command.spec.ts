import { UsageError } from '../arguments';
import { migrate } from './migrate.command';

/** Nobody answers there: what is refused is refused before anything is changed. */
const url = (user: string, password = ':secret'): string => `postgres://${user}${password}@127.0.0.1:1/kmip`;
const WHOLE = {
  DATABASE_URL: url('owner'),
  ADMINISTRATOR_DATABASE_URL: url('administrator'),
  GATEWAY_DATABASE_URL: url('gateway'),
  API_DATABASE_URL: url('api'),
};

describe('migrate', () => {
  it.each([
    ['ADMINISTRATOR_DATABASE_URL', 'DATABASE_URL', 'ADMINISTRATOR_DATABASE_URL and DATABASE_URL name the same user'],
    ['GATEWAY_DATABASE_URL', 'DATABASE_URL', 'DATABASE_URL and GATEWAY_DATABASE_URL name the same user'],
    ['API_DATABASE_URL', 'GATEWAY_DATABASE_URL', 'GATEWAY_DATABASE_URL and API_DATABASE_URL name the same user'],
  ] as const)('refuses %s with the user of %s', async (one, other, message) => {
    const refused = migrate({ ...WHOLE, [one]: WHOLE[other] });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
  });

  it.each(Object.keys(WHOLE))('refuses %s without a password', async (variable) => {
    const refused = migrate({ ...WHOLE, [variable]: url('nobody', '') });
    await expect(refused).rejects.toThrow(`${variable} must name a user and a password`);
  });
});
