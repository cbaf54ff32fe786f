import { type Clock, systemClock } from '@lib/kernel';
import { FakeIam, type TokenWish } from '@lib/testing';

import { IamKeySet, IamUnavailableError, keysFrom } from './iam-key-set';
import { TokenVerifier, UnauthenticatedError } from './token-verifier';

describe('TokenVerifier against a key server', () => {
  let iam: FakeIam;
  let elapsedMs: number;
  let verifier: TokenVerifier;
  const clock: Clock = { now: () => systemClock.now(), monotonicMs: () => elapsedMs };

  const verify = async (wish?: TokenWish): Promise<unknown> => verifier.verify(`Bearer ${await iam.token(wish)}`);

  beforeEach(async () => {
    iam = await FakeIam.start();
    elapsedMs = 0;
    verifier = new TokenVerifier(new IamKeySet(keysFrom(`${iam.url}/identity/keys`), clock), iam.issuer, clock);
  });

  afterEach(() => iam.stop());

  it('reads identity, account and scope', async () => {
    await expect(verify({ iamId: 'iam-ServiceId-1', accountId: 'acc' })).resolves.toMatchObject({
      iamId: 'iam-ServiceId-1',
      accountId: 'acc',
      scope: 'ibm openid',
    });
  });

  it.each<[string, TokenWish]>([
    ['expired', { expiresIn: -6 }],
    ['of another issuer', { issuer: 'https://iam.example.com/identity' }],
    ['with the issuer as a prefix', { issuer: 'http://127.0.0.1' }],
    ['without account.bss', { accountId: null }],
    ['with an empty account', { accountId: '' }],
    ['of an account that is not valid', { claims: { account: { bss: 'a', valid: false } } }],
    ['with an account that is text', { claims: { account: 'acc' } }],
    ['without iam_id', { claims: { iam_id: undefined } }],
    ['that never ends', { claims: { exp: undefined } }],
    ['of the future', { claims: { nbf: Math.floor(Date.now() / 1000) + 600 } }],
    ['with an unknown kid', { kid: 'other' }],
    ['signed with the public key as a shared secret', { algorithm: 'HS256' }],
  ])('refuses a token %s', async (_name, wish) => {
    await expect(verify(wish)).rejects.toThrow(UnauthenticatedError);
  });

  it('allows five seconds of clock error', async () => {
    await expect(verify({ expiresIn: -3 })).resolves.toBeDefined();
  });

  it.each([
    ['nothing', undefined],
    ['another scheme', 'Basic YTpi'],
    ['no token', 'Bearer '],
    ['text', 'Bearer not.a.token'],
    ['an API key', 'Bearer Xq7mN2pR9sT4vW6yZ8aB1cD3eF5gH0jKlMnOpQrStUvW'],
    ['two tokens', 'Bearer a.b.c, Bearer a.b.c'],
    ['a very long one', `Bearer ${'a'.repeat(20_000)}.b.c`],
  ])('refuses %s', async (_name, header) => {
    await expect(verifier.verify(header)).rejects.toThrow(UnauthenticatedError);
  });

  it('refuses a token without a signature', async () => {
    const [, payload] = (await iam.token()).split('.');
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    await expect(verifier.verify(`Bearer ${header}.${payload ?? ''}.`)).rejects.toThrow(UnauthenticatedError);
    await expect(verifier.verify(`Bearer ${header}.${payload ?? ''}.AA`)).rejects.toThrow(UnauthenticatedError);
  });

  it('refuses a changed payload', async () => {
    const [header, , signature] = (await iam.token()).split('.');
    const payload = Buffer.from('{"iam_id":"root"}').toString('base64url');
    await expect(verifier.verify(`Bearer ${header ?? ''}.${payload}.${signature ?? ''}`)).rejects.toThrow(
      UnauthenticatedError,
    );
  });

  it('reads the keys once for many callers', async () => {
    await Promise.all(Array.from({ length: 20 }, () => verify()));
    expect(iam.keyRequests).toBe(1);
  });

  it('asks for an unknown key at most every 30 s', async () => {
    await verify();
    for (let n = 0; n < 5; n++) await expect(verify({ kid: `invented-${n}` })).rejects.toThrow(UnauthenticatedError);
    expect(iam.keyRequests).toBe(1);
    elapsedMs += 30_000;
    await iam.rotate('key-2');
    await expect(Promise.all([verify(), verify()])).resolves.toHaveLength(2);
    expect(iam.keyRequests).toBe(2);
  });

  it('goes on with the known keys while IAM is down', async () => {
    const token = await iam.token();
    await verifier.verify(`Bearer ${token}`);
    iam.down = true;
    elapsedMs += 3_600_000;
    await expect(verifier.verify(`Bearer ${token}`)).resolves.toBeDefined();
    await expect(verify({ kid: 'other' })).rejects.toThrow(UnauthenticatedError);
    await expect(verifier.verify(`Bearer ${token}`)).resolves.toBeDefined();
  });

  it('says that IAM is not there when it never was, and recovers', async () => {
    iam.down = true;
    await expect(verify()).rejects.toThrow(IamUnavailableError);
    iam.down = false;
    elapsedMs += 30_000;
    await expect(verify()).resolves.toBeDefined();
  });
});
