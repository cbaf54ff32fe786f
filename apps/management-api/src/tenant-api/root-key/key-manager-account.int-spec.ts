import { randomUUID } from 'node:crypto';

import { newCorrelationId, Secret, toInstanceId } from '@lib/kernel';
import { endpointGuard, endpointTemplates } from '@lib/platform';
import { EndpointPolicy } from '@lib/tenancy';
import { ManualClock, type LoopbackServer, startLoopbackServer } from '@lib/testing';

import { type RootKeyCheck, RootKeyWorkbench } from './root-key-workbench';

jest.setTimeout(60_000);

const [HERE, THERE] = ['a'.repeat(32), 'b'.repeat(32)];
const GUID = randomUUID();
const crnIn = (account: string): string => `crn:v1:bluemix:public:kms:eu-de:a/${account}:${GUID}::`;

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** Whose the key manager is, and what the answers about it are worth. */
describe('the account of the key manager', () => {
  let server: LoopbackServer;
  let details: Answer | undefined;
  let instance: Answer | undefined;
  const asked: string[] = [];

  beforeAll(async () => {
    server = await startLoopbackServer((request, response) => {
      const path = request.url ?? '';
      const known: Readonly<Record<string, Answer | undefined>> = {
        '/identity/token': { status: 200, body: { access_token: 't', expires_in: 3_600 } },
        '/v1/apikeys/details': details,
        [`/v2/resource_instances/${GUID}`]: instance,
      };
      if (path.startsWith('/kms')) asked.push(path);
      const answer = path in known ? known[path] : { status: 403 };
      // Never answered.
      if (answer === undefined) return;
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
    });
  });
  afterAll(() => server.close());
  beforeEach(() => asked.splice(0));

  /** @param of whose the root key is by its CRN; the API key is of HERE */
  async function check(of: string, detailed: Answer | undefined, found: Answer | undefined): Promise<RootKeyCheck> {
    [details, instance] = [detailed, found];
    const templates = endpointTemplates({ region: 'eu-de', keyProtectEndpoints: [`${server.origin}/kms`] });
    const workbench = new RootKeyWorkbench({
      bindings: {
        openApiKey: () => Promise.resolve(Secret.fromText('k'.repeat(44))),
        leaving: () => Promise.resolve([]),
      },
      endpoints: new EndpointPolicy(templates),
      account: { iamUrl: server.origin, resourceControllerUrl: server.origin, timeoutMs: 1_000 },
      connection: { iamUrl: server.origin, endpoints: endpointGuard(templates) },
      clock: new ManualClock(),
    });
    const wish = { keyManagerCrn: crnIn(of), rootKeyId: randomUUID(), visibility: 'public' } as const;
    return workbench.check(toInstanceId(randomUUID()), wish, newCorrelationId());
  }

  const keyOf = (account: string): Answer => ({
    status: 200,
    body: { name: 'k', iam_id: 'iam-ServiceId-1', account_id: account },
  });
  const instanceOf = (account: string): Answer => ({
    status: 200,
    body: { guid: GUID, crn: crnIn(account), name: 'n', state: 'active' },
  });
  const unseen: Answer = { status: 404 };
  const resultOf = ({ steps }: RootKeyCheck, wanted: string) => steps.find(({ code }) => code === wanted)?.result;

  it.each<[string, Answer | undefined]>([
    ['does not know it', unseen],
    ['lets nobody look', { status: 403 }],
    ['says that it was removed', { status: 410 }],
    ['does not work', { status: 500 }],
    ['answers with something else', { status: 200, body: '<html>' }],
    ['answers with half of it', { status: 200, body: { guid: GUID } }],
    ['does not answer', undefined],
    ['shows an instance of the account of the API key', instanceOf(HERE)],
  ])(
    'is another one by what IAM says, and nothing is tried there: the resource controller %s',
    async (_what, found) => {
      const checked = await check(THERE, keyOf(HERE), found);
      expect(checked.passed).toBe(false);
      expect(checked.steps.at(-1)).toMatchObject({
        code: 'key_manager_account',
        result: 'failed',
        message: 'The root key lies in another account than the API key.',
        remedy: expect.stringContaining('`api_key`') as string,
      });
      // Neither the API key nor a token of it is sent to a key manager of somebody else.
      expect(asked).toEqual([]);
    },
  );

  it.each<[string, Answer | undefined]>([
    ['that it is the same', keyOf(HERE)],
    ['nothing: it lets nobody look', { status: 403 }],
    ['nothing: it does not work', { status: 500 }],
    ['something else', { status: 200, body: '<html>' }],
    ['nothing of an account', { status: 200, body: { iam_id: 'iam-ServiceId-1' } }],
    ['nothing, for too long', undefined],
  ])('is not called another one, and the calls decide, where IAM says %s', async (_what, detailed) => {
    const checked = await check(HERE, detailed, unseen);
    expect(resultOf(checked, 'key_manager_account')).toBeUndefined();
    expect(resultOf(checked, 'key_manager_read')).toBe('warning');
    expect(asked.length).toBeGreaterThan(0);
  });

  it('is not asked for where the resource controller shows the instance that the CRN names', async () => {
    const checked = await check(HERE, undefined, instanceOf(HERE));
    expect(resultOf(checked, 'key_manager_read')).toBe('passed');
    expect(resultOf(checked, 'key_manager_account')).toBeUndefined();
    expect(asked.length).toBeGreaterThan(0);
  });
});
