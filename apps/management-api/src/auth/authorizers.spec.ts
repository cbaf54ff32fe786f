import { type Clock } from '@lib/kernel';

import { ACTIONS, ROLE_ACTIONS, ROLES } from '@lib/tenancy';
import { type AccessQuestion, AuthorizerUnavailableError } from './authorizer.port';
import { LocalRoleMap } from './local-role-map';
import { PolicyDecisionPoint } from './policy-decision-point';

const question = (wish: Partial<AccessQuestion> = {}): AccessQuestion => ({
  principal: { iamId: 'IBMid-1', accountId: 'a1', scope: 'ibm openid', expiresAt: 0 },
  action: 'key.read',
  resource: { instanceId: 'i1', accountId: 'a1', crn: 'crn:i1' },
  ...wish,
});

describe('role table', () => {
  it('gives nobody an action that does not exist, and Manager every one', () => {
    expect(ROLES.flatMap((role) => ROLE_ACTIONS[role]).filter((action) => !ACTIONS.includes(action))).toEqual([]);
    expect(ROLE_ACTIONS.manager).toEqual(ACTIONS);
  });

  it.each(['viewer', 'operator', 'editor', 'administrator', 'reader', 'writer'] as const)(
    '%s can neither let anybody in nor end a key',
    (role) => {
      const dangerous =
        /^(certificate\.(create|update|delete)|root-key\.(set|unset)|credential\.|key\.(update|delete))/;
      expect(ROLE_ACTIONS[role].filter((action) => dangerous.test(action))).toEqual([]);
    },
  );
});

describe('LocalRoleMap', () => {
  const map = new LocalRoleMap([
    { iamId: 'IBMid-1', accountId: 'a1', roles: ['viewer', 'reader'] },
    { iamId: 'IBMid-2', accountId: 'a1', roles: ['manager'], instanceId: 'i2' },
  ]);

  it.each<[string, Partial<AccessQuestion>, boolean]>([
    ['an action of its role', {}, true],
    ['an action above its role', { action: 'key.delete' }, false],
    ['another account of the instance', { resource: { instanceId: 'i1', accountId: 'a2', crn: 'c' } }, false],
    ['another account of the token', { principal: { ...question().principal, accountId: 'a2' } }, false],
    ['a stranger', { principal: { ...question().principal, iamId: 'IBMid-3' } }, false],
    ['a role on another instance', { principal: { ...question().principal, iamId: 'IBMid-2' } }, false],
  ])('%s', async (_name, wish, permitted) => {
    await expect(map.decide([question(wish)])).resolves.toEqual([permitted]);
  });
});

describe('PolicyDecisionPoint', () => {
  let now = 0;
  let requests: Request[] = [];
  let answer: () => Response;
  const clock: Clock = { now: () => new Date(now), monotonicMs: () => now };
  const decision = (permitted: boolean, maxCacheAgeSeconds?: number): object => ({
    status: '200',
    authorizationDecision: { permitted, obligation: { maxCacheAgeSeconds } },
  });
  const answers = (...responses: object[]): Response => Response.json({ responses });
  let pdp: PolicyDecisionPoint;

  beforeEach(() => {
    now = 0;
    requests = [];
    pdp = new PolicyDecisionPoint(
      {
        iamUrl: 'https://iam',
        serviceName: 'kmip',
        identity: { call: (send) => send({ Authorization: 'Bearer service-token' }) },
      },
      clock,
      (url, init) => {
        requests.push(new Request(url, init));
        return Promise.resolve(answer());
      },
    );
  });

  it('asks in the form of IAM, with our own token', async () => {
    answer = () => answers(decision(true, 60));
    await expect(pdp.decide([question()])).resolves.toEqual([true]);
    expect(requests[0]?.url).toBe('https://iam/v2/authz');
    expect(requests[0]?.headers.get('authorization')).toBe('Bearer service-token');
    await expect(requests[0]?.json()).resolves.toEqual([
      {
        subject: { attributes: { id: 'IBMid-1', scope: 'ibm openid', accountId: 'a1' } },
        action: 'kmip.key.read',
        resource: { crn: 'crn:i1' },
      },
    ]);
  });

  it('keeps a decision as long as it may, by subject, action and resource', async () => {
    answer = () => answers(decision(true, 60));
    await pdp.decide([question()]);
    now += 59_000;
    await pdp.decide([question()]);
    expect(requests).toHaveLength(1);
    now += 2_000;
    await pdp.decide([question()]);
    await pdp.decide([question({ action: 'key.list' })]);
    await pdp.decide([question({ principal: { ...question().principal, scope: 'other' } })]);
    expect(requests).toHaveLength(4);
  });

  it.each([[undefined], [0]])('keeps nothing when IAM allows %p seconds', async (seconds) => {
    answer = () => answers(decision(true, seconds));
    await pdp.decide([question()]);
    await pdp.decide([question()]);
    expect(requests).toHaveLength(2);
  });

  it('asks for what it does not know only, and answers in order', async () => {
    answer = () => answers(decision(true, 60));
    await pdp.decide([question()]);
    answer = () => answers(decision(false, 60), decision(true, 60));
    const list = [question({ action: 'key.delete' }), question(), question({ action: 'key.list' })];
    await expect(pdp.decide(list)).resolves.toEqual([false, true, true]);
    await expect(pdp.decide(list)).resolves.toEqual([false, true, true]);
    expect(requests).toHaveLength(2);
  });

  it('takes 403 for a refusal', async () => {
    answer = () => answers({ status: '403' });
    await expect(pdp.decide([question()])).resolves.toEqual([false]);
  });

  it.each<[string, () => Response]>([
    ['an error', () => new Response('{}', { status: 500 })],
    ['another shape', () => Response.json({ permitted: true })],
    ['too few answers', () => answers()],
    ['an answer without a decision', () => answers({ status: '500' })],
    ['text', () => new Response('yes')],
    [
      'no answer',
      () => {
        throw new Error('socket');
      },
    ],
  ])('permits nothing on %s', async (_name, given) => {
    answer = given;
    await expect(pdp.decide([question()])).rejects.toThrow(AuthorizerUnavailableError);
  });
});
