import { toInstanceId } from '@lib/kernel';
import { type LoopbackServer, ManualTiming, startLoopbackServer } from '@lib/testing';

import { OFFER } from '../../test/broker-app';
import { OwnTokens } from '../../test/service-identity.fixture';
import { globalCatalogFindings } from '../broker/platform/global-catalog-check';
import { PlatformUsageReporter } from '../broker/platform/platform-usage-reporter';
import { ResourceControllerInstances } from '../broker/platform/resource-controller-instances';
import { PolicyDecisionPoint } from './policy-decision-point';
import { type ServiceIdentity } from './service-identity';

const QUESTION = {
  principal: { iamId: 'IBMid-1', accountId: 'a1', scope: 'ibm openid', expiresAt: 0 },
  action: 'key.read',
  resource: { instanceId: 'i1', accountId: 'a1', crn: 'crn:i1' },
} as const;

const RECORD = {
  instanceId: toInstanceId('11111111-2222-4333-8444-555555555555'),
  serviceId: OFFER.serviceId,
  crn: 'crn:i1',
  planId: 'p1',
  startedAt: new Date(0),
  endedAt: new Date(3_600_000),
  liveKeys: 1,
  clientCertificates: 1,
};

/** What each user of our token gets from a platform that has this one answer for everybody. */
const ANSWER = {
  responses: [{ status: '200', authorizationDecision: { permitted: true } }],
  resources: [{ status: 201, id: 'p-1', name: 'a plan' }],
  state: 'active',
  id: OFFER.serviceId,
  name: 'another-name',
};

describe('our own token', () => {
  let server: LoopbackServer;
  let timing: ManualTiming;
  let tokens: OwnTokens;
  let seen: boolean[];

  beforeEach(async () => {
    timing = new ManualTiming();
    tokens = new OwnTokens(timing);
    seen = [];
    server = await startLoopbackServer((request, response) => {
      const accepted = tokens.accepts(request.headers.authorization);
      seen.push(accepted);
      response.writeHead(accepted ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify(accepted ? ANSWER : {}));
    });
  });
  afterEach(() => server.close());

  const decide = (identity: ServiceIdentity): Promise<unknown> =>
    new PolicyDecisionPoint({ iamUrl: server.origin, serviceName: 'kmip', identity }, timing.clock).decide([QUESTION]);
  const catalogOf = (identity: ServiceIdentity): Promise<unknown> =>
    globalCatalogFindings({ serviceUrl: server.origin, identity, offer: OFFER, regions: [], brokerCrns: [] }).then(
      ([first]) => first,
    );

  const users: readonly (readonly [string, (identity: ServiceIdentity) => Promise<unknown>, unknown])[] = [
    ['policy decision point', decide, [true]],
    [
      'resource controller',
      (identity) => new ResourceControllerInstances(server.origin, identity).find('crn:i1'),
      { kind: 'present', state: 'active' },
    ],
    [
      'usage metering',
      (identity) => new PlatformUsageReporter(server.origin, identity).report('s1', [RECORD]),
      [{ kind: 'accepted' }],
    ],
    ['global catalog', catalogOf, expect.stringContaining('is called another-name')],
  ];

  describe.each(users)('at the %s', (_name, use, right) => {
    it('is forgotten when it is refused, and the call made once more', async () => {
      await expect(use(tokens.identity)).resolves.toEqual(right);
      tokens.revoke();
      await expect(use(tokens.identity)).resolves.toEqual(right);
      expect(seen.filter((accepted) => !accepted)).toHaveLength(1);
      expect(tokens.given).toBe(2);
    });

    it('is not asked for again and again', async () => {
      tokens.revokeForGood();
      const before = await use(tokens.identity).catch(() => 'failed');
      expect(['failed', { kind: 'unknown' }]).toContainEqual(before);
      expect(seen).toEqual([false, false]);
      await use(tokens.identity).catch(() => undefined);
      expect(seen).toEqual([false, false, false]);
      expect(tokens.given).toBe(2);
    });
  });

  it('is renewed for all when one of its users finds it dead', async () => {
    for (const [, use] of users) await use(tokens.identity);
    expect(tokens.given).toBe(1);
    tokens.revoke();
    for (const [, use, right] of users) await expect(use(tokens.identity)).resolves.toEqual(right);
    expect(tokens.given).toBe(2);
  });

  it('is asked for once by fifty who find it dead at the same time', async () => {
    await decide(tokens.identity);
    tokens.revoke();
    const decisions = await Promise.all(Array.from({ length: 50 }, () => decide(tokens.identity)));
    expect(decisions.flat()).toEqual(Array.from({ length: 50 }, () => true));
    expect(tokens.given).toBe(2);
  });

  it('may be revoked again soon', async () => {
    await decide(tokens.identity);
    for (let times = 0; times < 3; times += 1) {
      await timing.advance(1_000);
      tokens.revoke();
      await expect(decide(tokens.identity)).resolves.toEqual([true]);
    }
    expect(tokens.given).toBe(4);
  });
});
