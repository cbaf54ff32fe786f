import { type VmRow } from '../../apps/local-vcenter/src/rows';
import { PASSWORD } from '../../apps/local-vcenter/test/test-vcenter';
import { ManInTheMiddle, type Passing } from './support/man-in-the-middle';
import { type Ran, Workshop } from './support/workshop';

const json = (value: unknown): Passing => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
const CONNECT = ['connect', '--provider', 'hostile', '--credential', '--default', '--wait', '1'];
const METHODS: Readonly<Record<string, readonly string[]>> = {
  'system?action=hello': ['inventory'],
  content: ['inventory'],
  Login: ['inventory'],
  HasPrivilegeOnEntities: ['inventory'],
  CreateContainerView: ['inventory'],
  RetrievePropertiesEx: ['inventory'],
  ListKmipServers: ['inventory'],
  ListKeys: ['inventory'],
  QueryCryptoKeyStatus: ['inventory'],
  ListVStorageObject: ['inventory'],
  RetrieveVStorageObject: ['inventory'],
  RetrieveKmipServerCert: CONNECT,
  RetrieveClientCert: CONNECT,
  GenerateSelfSignedClientCert: CONNECT,
  RetrieveSelfSignedClientCert: CONNECT,
  GenerateClientCsr: [...CONNECT, '--trust', 'csr'],
  RetrieveKmipServersStatus_Task: CONNECT,
  GenerateKey: CONNECT,
  GetDefaultKmsCluster: CONNECT,
  ReconfigVM_Task: ['rekey', '--provider', 'ours', '--only', 'MACHINE', '--anew'],
};
const VALUES: readonly unknown[] = [{}, [null], 'text'];

describe('a vCenter that answers what it likes', () => {
  let workshop: Workshop;
  let middle: ManInTheMiddle;
  let machine: VmRow;

  beforeAll(async () => {
    workshop = await Workshop.start();
    await workshop.encrypted('theirs');
    await workshop.done('connect', '--provider', 'ours');
    middle = await ManInTheMiddle.before(workshop.vcenter.vcenter.url);
    const { machines } = await workshop.vcenter.admin<{ machines: readonly VmRow[] }>('GET', '/inventory');
    machine = machines.find(({ name }) => name.startsWith('web-'))!;
  });
  afterEach(() => {
    middle.tamper = (_name, answer) => answer;
  });
  afterAll(async () => {
    await middle.close();
    await workshop.close();
  });

  const run = (...words: readonly string[]): Promise<Ran> =>
    workshop.kmip4v(['vcenter', ...words.map((word) => (word === 'MACHINE' ? machine.name : word))], {
      env: { KMIP4V_VCENTER: middle.url },
    });

  const said = ({ err }: Ran): string => err.slice(err.indexOf('error: '));

  it.each(Object.keys(METHODS))('ends in a sentence where %s is of another type', async (method) => {
    for (const value of VALUES) {
      middle.tamper = (name, answer) => (name === method ? json(value) : answer);
      expect(said(await run(...(METHODS[method] ?? [])))).not.toMatch(/unexpected error|undefined|\[object|NaN/);
    }
  });

  it.each([
    'name',
    'config.changeVersion',
    'config.keyId',
    'config.hardware.device',
    'runtime.host',
    'snapshot',
    'runtime.cryptoKeyId',
    'summary.config.product',
    'configurationEx',
  ])('ends in a sentence where the property %s is of another type', async (path) => {
    for (const val of VALUES) {
      middle.tamper = (name, answer) => (name === 'RetrievePropertiesEx' ? withProperty(answer, path, val) : answer);
      const ran = await run('inventory');
      expect(said(ran)).not.toMatch(/unexpected error|undefined|\[object|NaN/);
      if (Array.isArray(val)) expect([path, ran.exit]).toEqual([path, 1]);
    }
  });

  it.each<[string, (count: number) => string]>([
    ['the same token', () => 'again'],
    ['new ones', (count) => `token-${count}`],
  ])(
    'sends pages without end, with %s',
    async (_name, tokenOf) => {
      let count = 0;
      middle.tamper = (name, answer, response) => {
        if (!name.endsWith('RetrievePropertiesEx')) return answer;
        // Of its own accord: the stand-in takes a while for ten thousand.
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ token: tokenOf(count++), objects: [] }));
        return undefined;
      };
      const { exit, err } = await run('inventory');
      expect([exit, err]).toEqual([1, expect.stringContaining('pages that have no end') as string]);
    },
    60_000,
  );

  it.each<[string, Passing, RegExp]>([
    ['leads elsewhere', { status: 302, headers: { location: 'https://127.0.0.1:1/' }, body: '' }, /HTTP 302/],
    ['is nested without end', { ...json([]), body: '['.repeat(100_000) }, /nested too deeply/],
    ['is no JSON', { ...json([]), body: '{"objects":' }, /no JSON/],
    ['is larger than any page', { ...json([]), body: `"${'x'.repeat(65 * 1024 * 1024)}"` }, /more than 64 MB/],
    ['is a page of the proxy', { status: 503, headers: { 'content-type': 'text/html' }, body: '<html>' }, /HTTP 503/],
  ])('answers with what %s', async (_name, answer, words) => {
    middle.tamper = (name, before) => (name === 'ListKmipServers' ? answer : before);
    const { exit, err } = await run('inventory');
    expect([exit === 0, err]).toEqual([false, expect.stringMatching(words) as string]);
  });

  it('moves no cursor by its names, its words or its certificate', async () => {
    const evil = 'db\u001b[2J\u009b31m\u202e01\r';
    middle.tamper = (name, answer) =>
      name === 'RetrievePropertiesEx' ? withProperty(answer, 'name', { _typeName: 'string', _value: evil }) : answer;
    const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;
    for (const format of ['table', 'json', 'yaml']) {
      const { exit, out, err } = await run('inventory', '--output', format);
      expect([exit, controls.test(out + err)]).toEqual([0, false]);
    }
    const { out, err } = await run('migrate', '--from', 'theirs', '--to', 'ours', '--plan');
    expect(controls.test(out + err)).toBe(false);
    const fault = { _typeName: 'SystemError', faultstring: evil, reason: evil };
    middle.tamper = (name, answer) => (name === 'ListKeys' ? { ...json(fault), status: 500 } : answer);
    expect(controls.test((await run('inventory')).err)).toBe(false);
  });

  it('is told apart by its certificate before a byte is sent', async () => {
    let asked = 0;
    middle.tamper = (_name, answer) => {
      asked += 1;
      return answer;
    };
    const { exit } = await run('inventory', '--fingerprint', workshop.vcenter.vcenter.fingerprint);
    expect([exit, asked]).toEqual([3, 0]);
  });

  it.each([2, 5, 9, 14, 20, 27])('ends the session in the midst, after %i answers', async (after) => {
    let count = 0;
    middle.tamper = (_name, answer) => {
      if (++count === after) void workshop.vcenter.admin('POST', '/sessions/expire', {});
      return answer;
    };
    expect(await run('connect', '--provider', `expired-${after}`)).toMatchObject({ exit: 0 });
    expect(count).toBeGreaterThanOrEqual(after);
  });

  it.each(['RegisterKmipServer', 'UploadKmipServerCert', 'UpdateSelfSignedClientCert', 'GenerateKey', 'MarkDefault'])(
    'is not ready where %s is asked, which is not repeated, and what was done is taken back',
    async (method) => {
      const before = workshop.snapshot('without keys');
      let count = 0;
      middle.tamper = (name, answer, response) => {
        if (name !== method) return answer;
        count += 1;
        response.writeHead(503, { 'content-type': 'text/html' });
        response.end('<html>');
        return undefined;
      };
      // Forwarded all the same: the change was made, and its answer lost.
      const { exit, err } = await run(...CONNECT);
      expect([exit, count, err.includes('Could not be taken back')]).toEqual([5, 1, false]);
      expect(workshop.snapshot('without keys')).toEqual(before);
    },
  );

  it('repeats what it was sent, and nobody is shown that', async () => {
    const words = `no: ${PASSWORD}, shown once`;
    let updates = 0;
    middle.tamper = (name, answer) =>
      name === 'UpdateKmipServer' && updates++ === 0
        ? { ...json({ _typeName: 'InvalidArgument', faultstring: words }), status: 500 }
        : answer;
    const updated = await run(...CONNECT);
    middle.tamper = (name, answer) =>
      name === 'Login' ? { ...json({ _typeName: 'InvalidLogin', faultstring: words }), status: 500 } : answer;
    const login = await run('inventory');
    for (const { err, out } of [updated, login]) {
      expect(err).toContain('no: …');
      expect(out + err).not.toContain(PASSWORD);
    }
    expect(updated.err).not.toContain('shown once');
  });

  it.each(['never', 'Mon, 01 Jan 2001 00:00:00 GMT'])('has a clock that says %s', async (date) => {
    middle.tamper = (_name, answer) => ({ ...answer, headers: { ...answer.headers, date } });
    const { err, out } = await run('status', '--provider', 'ours');
    expect(out + err).not.toContain('NaN');
    if (date !== 'never') expect(err).toContain('The clocks of vCenter and of this machine are');
  });
});

function withProperty(answer: Passing, path: string, val: unknown): Passing {
  const result = JSON.parse(answer.body) as { objects: { propSet?: { name: string; val: unknown }[] }[] };
  for (const { propSet = [] } of result.objects) {
    for (const property of propSet) if (property.name === path) property.val = val;
  }
  return { ...answer, body: JSON.stringify(result) };
}
