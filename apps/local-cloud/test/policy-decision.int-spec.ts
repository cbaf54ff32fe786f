import { send, TestCloud, type Answer, type Tenant } from './test-cloud';

const SERVICE = 'kmip-for-vmware';
const READ = `${SERVICE}.instance.read`;
const SET = `${SERVICE}.root-key.set`;

let cloud: TestCloud;
let tenant: Tenant;
let serviceToken: string;

beforeAll(async () => {
  cloud = await TestCloud.start();
  tenant = await cloud.seed({ instance: { serviceName: SERVICE } });
  await cloud.setUp('POST', '/services', {
    name: SERVICE,
    actions: [
      { id: READ, roles: ['Viewer', 'Reader', 'Writer', 'Manager'] },
      { id: SET, roles: ['Manager'] },
    ],
  });
  serviceToken = await cloud.tokenOf(tenant.serviceId.iamId);
});
afterAll(() => cloud.close());

const ask = (path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  send(`${tenant.iamUrl}${path}`, 'POST', body, { authorization: `Bearer ${serviceToken}`, ...headers });

interface Decision {
  readonly permitted: boolean;
  readonly obligation: { readonly actions: string[]; readonly maxCacheAgeSeconds: number };
}
async function decide(question: object): Promise<Decision> {
  const { body } = await ask('/v2/authz', [question]);
  return (body as { responses: { authorizationDecision: Decision }[] }).responses[0]!.authorizationDecision;
}

const bodyOf = (token: string): string => token.split('.')[1]!;

describe.each(['crn', 'attributes'] as const)('a resource named by %s', (form) => {
  const resource = (): object =>
    form === 'crn'
      ? { crn: tenant.instance.crn }
      : { attributes: { serviceName: SERVICE, serviceInstance: tenant.instance.id, accountId: tenant.account.id } };

  it.each`
    role         | read     | set
    ${'Viewer'}  | ${true}  | ${false}
    ${'Editor'}  | ${false} | ${false}
    ${'Reader'}  | ${true}  | ${false}
    ${'Manager'} | ${true}  | ${true}
  `('$role', async ({ role, read, set }: { role: string; read: boolean; set: boolean }) => {
    const subject = { accessTokenBody: bodyOf(await cloud.userWith(tenant, [role])) };
    const decisions = await Promise.all([READ, SET].map((action) => decide({ subject, action, resource: resource() })));
    expect(decisions.map(({ permitted }) => permitted)).toEqual([read, set]);
    expect(decisions[0]!.obligation).toMatchObject({
      actions: [...(read ? [READ] : []), ...(set ? [SET] : [])],
      maxCacheAgeSeconds: 600,
    });
  });
});

it('permits nothing that is not registered, in another account, or to a stranger', async () => {
  const token = await cloud.userWith(tenant, ['Manager']);
  const subject = { accessTokenBody: bodyOf(token) };
  const other = await cloud.seed({ instance: { serviceName: SERVICE } });
  const resource = { crn: tenant.instance.crn };
  const foreign = tenant.instance.crn.replace(tenant.account.id, other.account.id);
  const questions = [
    { subject, action: `${SERVICE}.instance.explode`, resource },
    { subject, action: READ, resource: { crn: other.instance.crn } },
    { subject, action: READ, resource: { crn: foreign } },
    { subject: { attributes: { id: 'IBMid-NOBODY' } }, action: READ, resource },
  ];
  const { body } = await ask('/v2/authz', questions);
  const { responses } = body as { responses: { authorizationDecision: Decision }[] };
  expect(responses.map(({ authorizationDecision }) => authorizationDecision.permitted)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

it('lists roles with their actions', async () => {
  const subject = { accessTokenBody: bodyOf(await cloud.userWith(tenant, ['Viewer', 'Manager'])) };
  const { body } = await ask('/v2/authz/roles', [{ subject, resource: { crn: tenant.instance.crn } }]);
  expect(body).toEqual({
    responses: [
      {
        status: '200',
        roles: [
          { crn: 'crn:v1:bluemix:public:iam::::serviceRole:Manager', displayName: 'Manager', actions: [READ, SET] },
        ],
        platformExtensions: {
          roles: [{ crn: 'crn:v1:bluemix:public:iam::::role:Viewer', displayName: 'Viewer', actions: [READ] }],
        },
      },
    ],
  });
});

it('tells how long a decision may be kept', async () => {
  await cloud.setUp('POST', '/settings', { decisionCacheSeconds: 0 });
  const subject = { attributes: { id: 'IBMid-NOBODY' } };
  const decision = await decide({ subject, action: READ, resource: { crn: tenant.instance.crn } });
  expect(decision.obligation.maxCacheAgeSeconds).toBe(0);
});

it.each<[string, object, Record<string, string>, number]>([
  ['no service token', [], { authorization: 'Bearer nonsense' }, 401],
  ['no list', {}, {}, 400],
  ['an empty list', [], {}, 400],
  ['a question without an action', [{ subject: { attributes: { id: 'x' } }, resource: { crn: 'crn:v1:x' } }], {}, 400],
  [
    'a token body that is none',
    [{ subject: { accessTokenBody: 'x' }, action: READ, resource: { crn: 'crn:v1:x' } }],
    {},
    400,
  ],
  ['an answer in HTML', [], { accept: 'text/html' }, 406],
])('refuses %s', async (_name, body, headers, status) => {
  expect((await ask('/v2/authz', body, headers)).status).toBe(status);
});
