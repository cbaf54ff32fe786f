import { Secret } from '@lib/kernel';

import { wipeSecrets } from './wipe-secrets';

describe('wipeSecrets', () => {
  it('zeroes secrets at any depth of a payload', () => {
    const bytes = [Buffer.from('one'), Buffer.from('two'), Buffer.from('three')] as const;
    const [one, two, three] = bytes;
    wipeSecrets({
      symmetricKey: { keyFormatType: 1, keyMaterial: Secret.of(one) },
      authentication: [{ username: 'a', password: Secret.of(two) }, { encodedValue: Secret.of(three) }],
    });
    expect(Buffer.concat([...bytes]).every((byte) => byte === 0)).toBe(true);
  });

  it('leaves all else as it is', () => {
    const payload = {
      uniqueIdentifiers: ['a'],
      at: new Date(0),
      digest: Buffer.from('d'),
      absent: undefined,
      none: null,
    };
    wipeSecrets(payload);
    wipeSecrets(undefined);
    expect(payload).toStrictEqual({
      uniqueIdentifiers: ['a'],
      at: new Date(0),
      digest: Buffer.from('d'),
      absent: undefined,
      none: null,
    });
  });
});
