import { Secret } from '@lib/kernel';
import { ManualClock } from '@lib/testing';
import { generateKeyPair, SignJWT } from 'jose';

import { OsbError } from './osb-error';
import { PlatformAuthentication } from './platform-authentication';

const ISSUER = 'https://iam.example.com/identity';
const CRN = 'crn:v1:bluemix:public:resource-controller::a/b::resource-broker:c';
const basic = (password: string): string => `Basic ${Buffer.from(`broker:${password}`).toString('base64')}`;
const RIGHT = basic('right');

describe('failed authentication at the broker', () => {
  let clock: ManualClock;
  let authentication: PlatformAuthentication;
  let token: string;
  let foreign: string;

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256');
    const signed = (iamId: string): Promise<string> =>
      new SignJWT({ iam_id: iamId, sub_type: 'CRN' })
        .setProtectedHeader({ alg: 'RS256' })
        .setIssuer(ISSUER)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey);
    [token, foreign] = [`Bearer ${await signed(`crn-${CRN}`)}`, `Bearer ${await signed('crn-other')}`];
    clock = new ManualClock(new Date());
    authentication = new PlatformAuthentication({
      keys: { getKey: () => Promise.resolve(publicKey) },
      issuer: ISSUER,
      allowedCrns: [CRN],
      basic: { username: 'broker', password: Secret.fromText('right') },
      clock,
    });
  });

  const meet = async (authorization: string | undefined, address = '192.0.2.1'): Promise<number> => {
    try {
      await authentication.authenticate(authorization, address);
      return 200;
    } catch (error) {
      if (!(error instanceof OsbError)) throw error;
      expect(Object.keys(error.headers)).toContain(error.status === 401 ? 'www-authenticate' : 'retry-after');
      return error.status;
    }
  };
  const statuses = async (count: number, authorization?: string): Promise<ReadonlySet<number>> => {
    const met = new Set<number>();
    for (let index = 0; index < count; index += 1) met.add(await meet(authorization));
    return met;
  };

  it('is refused for a while without a look after too many passwords from one address, and from no other', async () => {
    expect(await statuses(300, RIGHT)).toEqual(new Set([200]));
    expect(await statuses(100, basic('wrong'))).toEqual(new Set([401]));
    expect(await meet(basic('wrong'))).toBe(429);
    // Whoever comes across the right one now does not learn that it is.
    expect(await meet(RIGHT)).toBe(429);
    expect(await meet(RIGHT, '192.0.2.2')).toBe(200);
  });

  it('never locks the platform out: a token cannot be guessed, so it is always looked at', async () => {
    expect(await meet(token)).toBe(200);
    expect(await meet(foreign)).toBe(429);
  });

  it('does not count requests that bring nothing', async () => {
    expect(await statuses(300)).toEqual(new Set([401]));
  });

  it('is looked at again after the wait', async () => {
    clock.advance(2_000);
    expect(await meet(RIGHT)).toBe(200);
    expect(await meet(basic('wrong'))).toBe(401);
  });
});
