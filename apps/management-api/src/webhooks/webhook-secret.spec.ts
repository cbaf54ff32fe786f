import { madeSecret, readSecret, secretText } from './webhook-secret';

const of = (length: number): string => `whsec_${Buffer.alloc(length, 7).toString('base64')}`;

describe('the secret of a webhook', () => {
  it('is read as it was shown', () => {
    const made = madeSecret();
    expect(readSecret(secretText(made))?.expose()).toEqual(made.expose());
    expect(made.length).toBe(32);
  });

  it.each([24, 25, 26, 64])('has %d bytes', (length) => {
    expect(readSecret(of(length))?.length).toBe(length);
  });

  it.each([
    '',
    'whsec_',
    of(23),
    of(65),
    of(25).slice(0, -1),
    of(24).slice(6),
    `${of(24)} `,
    `whsec_${'-'.repeat(32)}`,
  ])('is not %j', (text) => {
    expect(readSecret(text)).toBeUndefined();
  });
});
