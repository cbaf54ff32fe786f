import { randomBytes } from 'node:crypto';
import { open, seal } from './ciphertext';
import { newKey } from './new-key';

const AAD = ['instance', 'key'];

const rootKey = (bytes = 32) =>
  newKey({
    instanceId: 'i',
    name: 'root',
    extractable: false,
    payload: randomBytes(bytes).toString('base64'),
    createdBy: 'x',
    now: new Date(0),
  });

it.each([16, 24, 32])('opens what a root key of %d bytes sealed', (bytes) => {
  const key = rootKey(bytes);
  const plaintext = randomBytes(32);
  expect(open(key, seal(key.versions[0]!, plaintext, AAD), AAD)).toEqual({ plaintext, version: key.versions[0] });
});

it('opens nothing in which any one bit was changed', () => {
  const key = rootKey();
  const envelope = JSON.parse(Buffer.from(seal(key.versions[0]!, randomBytes(32), AAD), 'base64').toString()) as Record<
    'ciphertext' | 'iv',
    string
  >;
  for (const member of ['ciphertext', 'iv'] as const) {
    const bytes = Buffer.from(envelope[member], 'base64');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const text = JSON.stringify({ ...envelope, [member]: changed.toString('base64') });
      expect(() => open(key, Buffer.from(text).toString('base64'), AAD)).toThrow('invalid or corrupted');
    }
  }
});

it('opens nothing that another root key sealed', () => {
  const sealed = seal(rootKey().versions[0]!, randomBytes(32), AAD);
  expect(() => open(rootKey(), sealed, AAD)).toThrow('invalid or corrupted');
});
