import { DomainError } from '@lib/kernel';
import { ADDRESS_NOT_ALLOWED, KeyManagerError } from '@lib/key-manager';

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
});
