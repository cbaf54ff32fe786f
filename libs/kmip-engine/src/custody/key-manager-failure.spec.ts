import { DomainError } from '@lib/kernel';
import { ADDRESS_NOT_ALLOWED, KeyManagerError, NOT_INITIALISED } from '@lib/key-manager';

import { explainKeyManager } from './key-manager-failure';

class Unreadable extends DomainError {
  readonly code = 'credential_unreadable';
}

const error = (details: ConstructorParameters<typeof KeyManagerError>[2]) =>
  new KeyManagerError('refused', 'refused', details);

describe('explainKeyManager', () => {
  it.each([
    ['an API key that cannot be opened', { cause: new Unreadable('damaged') }, 'credential_unreadable'],
    ['an address that is not allowed', { reasonCode: ADDRESS_NOT_ALLOWED }, 'key_manager_address'],
    ['a cause that says nothing', { cause: new Error('socket') }, 'key_manager_refused'],
  ])('tells %s', (_what, details, failure) => {
    expect(explainKeyManager(error(details))).toMatchObject({ failure });
  });

  const message = (met: KeyManagerError, bound?: { rootKeyId: string }): string =>
    (explainKeyManager(met, bound) as Error).message;

  it.each([
    ['KEY_CREATE_IMPORT_ACCESS_ERR', 'key_manager_import_forbidden'],
    ['CONFIG_RULE_CONFLICT_ERR', 'key_manager_network'],
    ['AUTHORIZATIONS_NOT_MET', 'destroy_needs_two'],
    [NOT_INITIALISED, 'key_manager_uninitialised'],
    ['SOMETHING_ELSE', 'key_manager_refused'],
  ])('has words of its own for %s', (reasonCode, failure) => {
    expect(explainKeyManager(error({ reasonCode }))).toMatchObject({ failure });
    expect(message(error({ reasonCode }))).toContain(`key manager: ${reasonCode}`);
  });

  it('names the root key, and whether another one is bound', () => {
    const met = new KeyManagerError('root_key_disabled', 'disabled');
    met.rootKeyId = '5a1b3d1c-0a01-4f0c-9f0e-2f0c7e9f6a2e';
    expect(message(met, { rootKeyId: met.rootKeyId })).toContain(`(root key ${met.rootKeyId})`);
    expect(message(met, { rootKeyId: 'crk-2' })).toContain(`(former root key ${met.rootKeyId})`);
  });

  it('repeats no identifier that is none', () => {
    const met = new KeyManagerError('root_key_disabled', 'disabled');
    met.rootKeyId = 'a\nb';
    expect(message(met, { rootKeyId: met.rootKeyId })).not.toContain('\n');
  });

  it('tells what opened the breaker, and that nobody was asked', () => {
    const cause = new KeyManagerError('timeout', 'no answer');
    const open = new KeyManagerError('overloaded', 'open', { cause });
    expect(explainKeyManager(open)).toMatchObject({ failure: 'key_manager_timeout' });
    expect(message(open)).toContain('several times in a row');
    expect(explainKeyManager(new KeyManagerError('overloaded', 'crowded'))).toMatchObject({
      failure: 'key_manager_crowded',
    });
  });
});
