import { CLIENT_KEY_KINDS } from '@lib/kernel';

import { type PublicKeyDescription, publicKeyFault } from './public-key';

describe('publicKeyFault', () => {
  it.each<[PublicKeyDescription, string | undefined]>([
    ...(['rsa', 'rsa-pss'] as const).flatMap((type): [PublicKeyDescription, string | undefined][] => [
      [{ type }, 'too_weak'],
      [{ type, bits: 2047 }, 'too_weak'],
      [{ type, bits: 2048 }, undefined],
      [{ type, bits: 8192 }, undefined],
      [{ type, bits: 8193 }, 'unsupported'],
    ]),
    [{ type: 'rsa-pss', bits: 2048, pss: { hash: 'sha256', saltBytes: 32 } }, undefined],
    [{ type: 'rsa-pss', bits: 2048, pss: { hash: 'sha256', saltBytes: 33 } }, 'unsupported'],
    [{ type: 'rsa-pss', bits: 2048, pss: { hash: 'sha1', saltBytes: 20 } }, 'unsupported'],
    [{ type: 'ec', curve: 'prime256v1', bits: 256 }, undefined],
    [{ type: 'ec', curve: 'secp256k1' }, 'unsupported'],
    [{ type: 'ec' }, 'unsupported'],
    [{ type: 'ed25519', bits: 256 }, undefined],
    [{ type: 'other' }, 'unsupported'],
  ])('of %j is %s', (key, fault) => expect(publicKeyFault(key)?.kind).toBe(fault));

  it('names every kind that is accepted', () => {
    const message = publicKeyFault({ type: 'ec', curve: 'secp256k1' })?.message;
    expect(message).toContain('on the curve secp256k1');
    for (const { name } of CLIENT_KEY_KINDS) expect(message).toContain(name);
  });
});
