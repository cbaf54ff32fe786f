import { randomBytes } from 'node:crypto';

import { Secret, toInstanceId } from '@lib/kernel';

import { type KmipCredential, KmipPasswords, kmipUserNameOf, tidied } from './kmip-credential';

const ONE = toInstanceId('11111111-1111-4111-8111-111111111111');
const OTHER = toInstanceId('22222222-2222-4222-8222-222222222222');
const [first, second] = [randomBytes(32), randomBytes(32)];

const passwords = (...keys: readonly Buffer[]): KmipPasswords =>
  new KmipPasswords({
    newest: keys.length,
    keys: new Map(keys.map((key, index) => [index + 1, Secret.of(Buffer.from(key))])),
  });

function made(by: KmipPasswords): { readonly text: string; readonly credential: KmipCredential } {
  const { password, ...stored } = by.make(ONE);
  return { text: password.exposeText(), credential: { instanceId: ONE, id: 'c1', ...stored } };
}

describe('KMIP passwords', () => {
  it('have 160 bits, as people can type them, and are right however they are copied', () => {
    const { text, credential } = made(passwords(first));
    expect(text).toMatch(/^([a-z2-7]{4}-){7}[a-z2-7]{4}$/);
    const dashed = ['\u2010', '\u2011', '\u2013', '\u2014', '\u00ad', ' – '].map((dash) => text.replaceAll('-', dash));
    const marked = [`\ufeff${text}\u200b`, `\u00a0${text}\u2060`];
    const typed = [text.toUpperCase(), text.replaceAll('-', ' '), ` ${text}\n`, tidied(text)];
    for (const copy of [text, ...typed, ...dashed, ...marked]) {
      expect(passwords(first).matches(credential, copy)).toBe(true);
    }
    expect(new Set(Array.from({ length: 50 }, () => made(passwords(first)).text)).size).toBe(50);
  });

  it('are wrong with one character changed, for another instance, under another key, and when the stored form is cut', () => {
    const { text, credential } = made(passwords(first));
    const changed = (text.startsWith('a') ? 'b' : 'a') + text.slice(1);
    expect(passwords(first).matches(credential, changed)).toBe(false);
    expect(passwords(first).matches(credential, '')).toBe(false);
    expect(passwords(first).matches({ ...credential, instanceId: OTHER }, text)).toBe(false);
    expect(passwords(second).matches(credential, text)).toBe(false);
    const cut = { ...credential, passwordHmac: credential.passwordHmac.subarray(0, 8) };
    expect(passwords(first).matches(cut, text)).toBe(false);
    expect(passwords(first).matches({ ...credential, passwordHmac: Buffer.alloc(0) }, text)).toBe(false);
  });

  it('stay right when a newer service key comes, and end with the one they were made under', () => {
    const { text, credential } = made(passwords(first));
    expect(passwords(first, second).matches(credential, text)).toBe(true);
    const without = new KmipPasswords({ newest: 2, keys: new Map([[2, Secret.of(Buffer.from(second))]]) });
    expect(without.matches(credential, text)).toBe(false);
  });

  it('belong to a user name that tells nothing', () => {
    expect(kmipUserNameOf(ONE)).toMatch(/^[a-z2-7]{16}$/);
    expect(kmipUserNameOf(ONE)).toBe(kmipUserNameOf(ONE));
    expect(kmipUserNameOf(ONE)).not.toBe(kmipUserNameOf(OTHER));
  });
});
