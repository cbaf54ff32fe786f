import { unfitApiKey } from './api-key-fitness';

const NOW = new Date('2026-12-01T16:00:00.000Z');
const fit = { accountId: 'a', disabled: false, locked: false, ofServiceId: true };

describe('an API key', () => {
  it('fits when it is of a service ID of the account and lasts', () => {
    expect(unfitApiKey(fit, 'a', NOW)).toBeUndefined();
    expect(unfitApiKey({ ...fit, expiresAt: new Date(NOW.getTime() + 1) }, 'a', NOW)).toBeUndefined();
  });

  it.each([
    ['api_key_of_person', { ofServiceId: false }, 'instance'],
    ['api_key_other_account', { accountId: 'b' }, 'instance'],
    ['api_key_not_of_key_manager', { accountId: 'b' }, 'key manager'],
    ['api_key_disabled', { disabled: true }, 'instance'],
    ['api_key_locked', { locked: true }, 'instance'],
    ['api_key_expired', { expiresAt: NOW }, 'instance'],
  ] as const)('does not fit, and is told why: %s', (reason, fault, of) => {
    expect(unfitApiKey({ ...fit, ...fault }, 'a', NOW, of)).toMatchObject({
      reason,
      message: expect.any(String) as string,
    });
  });
});
