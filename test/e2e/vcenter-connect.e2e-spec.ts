import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { issueServerCertificate, readCertificateAuthority } from '@lib/pki';
import { answerOf, tenantApi, type TenantApi } from '@lib/tenant-api-client';
import { type CryptoKeyId, KEY_STATUS_BITS, KeyProviders } from '@lib/vi-json';

import { RunningService, until } from './support/running-service';
import { type Ran, RunningVcenter } from './support/vcenter';

interface Connected {
  readonly provider: string;
  readonly changed: boolean;
  readonly steps: readonly { readonly what: string; readonly outcome: string }[];
}

/** Methods of vCenter that leave something behind. */
const CHANGES = [
  'RegisterKmipServer',
  'UpdateKmipServer',
  'RemoveKmipServer',
  'UploadKmipServerCert',
  'GenerateSelfSignedClientCert',
  'GenerateClientCsr',
  'UpdateSelfSignedClientCert',
  'UpdateKmsSignedCsrClientCert',
  'UploadClientCert',
  'GenerateKey',
  'MarkDefault',
];

describe('kmip4v vcenter connect', () => {
  let service: RunningService;
  let vcenter: RunningVcenter;
  let api: TenantApi;

  beforeAll(async () => {
    [service, vcenter] = await Promise.all([RunningService.start(), RunningVcenter.start()]);
    const { management } = service.connection;
    api = tenantApi({ url: management.url, token: () => service.token('Manager') });
  }, 120_000);
  afterAll(async () => {
    await Promise.allSettled([service.remove(), vcenter.remove()]);
  });

  const connect = (...words: string[]): Promise<Ran> =>
    vcenter.kmip4v(service, ['connect', '--wait', '20', '--output', 'json', ...words]);
  const connected = async (...words: string[]): Promise<Connected> => {
    const { exit, stdout, stderr } = await connect(...words);
    if (exit !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Connected;
  };
  const certificates = async (): Promise<readonly string[]> => {
    const params = { path: { instance_id: service.connection.instance.id } };
    const page = await answerOf(api.GET('/v1/instances/{instance_id}/client_certificates', { params }));
    return page.client_certificates.map(({ name }) => name);
  };
  const status = (provider: string): Promise<Ran> =>
    vcenter.kmip4v(service, ['status', '--provider', provider, '--output', 'json']);

  it.each(['self-signed', 'csr', 'pair'])('ends with both servers connected (%s), and is monitored', async (trust) => {
    const provider = `by-${trust}`;
    const { steps, changed } = await connected('--provider', provider, '--trust', trust);
    expect(changed).toBe(true);
    expect(steps.every(({ outcome }) => outcome === 'done' || outcome === 'already')).toBe(true);
    const { exit, stdout } = await status(provider);
    const report = JSON.parse(stdout) as { servers: { connected: boolean }[]; problems: string[] };
    expect(report.servers.map((server) => server.connected)).toEqual([true, true]);
    expect([exit, report.problems]).toEqual([0, []]);
  });

  it('registers the leaf that vCenter presents where its root CA is trusted elsewhere', async () => {
    await connected('--provider', 'by-pair', '--trust', 'root-ca');
    expect((await status('by-pair')).exit).toBe(0);
  });

  it('changes nothing a second time', async () => {
    await connected('--provider', 'twice', '--credential', '--default');
    const before = await certificates();
    await vcenter.admin('DELETE', '/calls');
    const again = await connected('--provider', 'twice', '--credential', '--default');
    expect(again.changed).toBe(false);
    const { counts } = await vcenter.admin<{ counts: Record<string, number> }>('GET', '/calls');
    const made = Object.keys(counts).map((name) => name.split('.').at(-1) ?? name);
    expect(made).toContain('ListKmipServers');
    expect(made.filter((name) => CHANGES.includes(name))).toEqual([]);
    expect(await certificates()).toEqual(before);
  });

  it('takes away what a run left that was killed between registering a pair and giving it to vCenter', async () => {
    const before = await certificates();
    const match = { method: 'UploadClientCert' };
    await vcenter.admin('POST', '/faults', { match, effect: { kind: 'hang', when: 'before' } });
    const words = ['connect', '--provider', 'killed', '--trust', 'pair'];
    const registered = async (): Promise<boolean> => (await certificates()).length > before.length;
    expect(await vcenter.kmip4vKilled(service, words, registered)).toBe(true);
    await vcenter.admin('DELETE', '/faults');
    const left = (await certificates()).filter((name) => !before.includes(name));
    await connected('--provider', 'killed', '--trust', 'pair');
    const now = await certificates();
    expect([left.length, now.length, now.filter((name) => left.includes(name))]).toEqual([1, before.length + 1, []]);
  });

  it.each([
    ['RegisterKmipServer', 1],
    ['UpdateKmipServer', 1],
    ['MarkDefault', 0],
  ])('leaves nothing behind when vCenter refuses %s', async (method, skip) => {
    const before = await certificates();
    const effect = { kind: 'fault', fault: 'SystemError', message: 'A general system error occurred' };
    await vcenter.admin('POST', '/faults', { match: { method }, effect, skip, count: 1 });
    const { exit, stderr } = await connect('--provider', 'undone', '--credential', '--default');
    await vcenter.admin('DELETE', '/faults');
    expect(exit).toBe(1);
    expect(stderr).toContain(`CryptoManagerKmip.${method}: A general system error occurred (SystemError)`);
    expect(stderr).not.toContain('Could not be taken back');
    expect((await status('undone')).exit).toBe(4);
    expect(await certificates()).toEqual(before);
  });

  it.each(['Cryptographer.ManageKeyServers', 'Cryptographer.ManageKeys'])(
    'names %s where it is missing, before anything is done',
    async (privilege) => {
      await vcenter.limit('limited@vsphere.local', [privilege]);
      const words = ['connect', '--provider', 'denied'];
      const { exit, stderr } = await vcenter.kmip4v(service, words, 'limited@vsphere.local');
      expect([exit, stderr.includes(privilege)]).toEqual([3, true]);
      expect((await status('denied')).exit).toBe(4);
    },
  );

  it('renews the client certificate with both let in, and removes nothing that was seen today', async () => {
    const before = await certificates();
    const words = ['renew', '--provider', 'by-csr', '--trust', 'csr', '--now', '--output', 'json'];
    const { exit, stderr } = await vcenter.kmip4v(service, words);
    expect([exit, stderr.includes('error')]).toEqual([0, false]);
    expect(await certificates()).toEqual(expect.arrayContaining([...before]));
    expect(await certificates()).toHaveLength(before.length + 1);
    expect((await status('by-csr')).exit).toBe(0);
  });

  it('takes no other certificate of the vCenter than the one that was trusted', async () => {
    const other = vcenter.fingerprint.replace(/^../, (first) => (first === '00' ? '11' : '00'));
    const { exit, stderr } = await connect('--fingerprint', other);
    expect([exit, stderr.includes(other), stderr.includes(vcenter.fingerprint)]).toEqual([3, true, true]);
  });

  it('logs in once more where the session ended in the middle', async () => {
    const effect = { kind: 'fault', fault: 'NotAuthenticated', message: 'The session is not authenticated.' };
    const match = { method: 'UploadKmipServerCert' };
    await vcenter.admin('POST', '/faults', { match, effect, count: 1 });
    expect((await connected('--provider', 'expired')).changed).toBe(true);
  });

  describe('where the certificate of endpoint 1 was renewed', () => {
    const provider = 'pinned';
    const presented = (): string => join(service.dataFolder, 'presented-1.crt');
    const trustOf = async (): Promise<readonly (readonly string[])[]> => {
      const params = { path: { instance_id: service.connection.instance.id } };
      const page = await answerOf(api.GET('/v1/instances/{instance_id}/client_certificates', { params }));
      const own = page.client_certificates.find(({ name }) => name.includes(provider));
      return (own?.server_trust ?? []).map(({ endpoint, state }) => [endpoint, state]);
    };
    const trusting = async (...expected: readonly string[]): Promise<void> => {
      await until(`${expected.join(' and ')} shown`, 30_000, async () => {
        const states = (await trustOf()).map(([, state]) => state);
        return JSON.stringify(states) === JSON.stringify(expected);
      });
    };
    const unaccepted = async (): Promise<readonly string[]> => {
      const words = ['server-certificate', 'unaccepted', '--endpoint', 'kmip-1', '--file', presented()];
      const found = await service.admin<readonly { certificate: string }[]>(...words);
      return found.map(({ certificate }) => certificate).filter((name) => name.includes(provider));
    };
    const providers = async (): Promise<KeyProviders> => new KeyProviders(await vcenter.session());
    let key: CryptoKeyId;

    beforeAll(async () => {
      await connected('--provider', provider);
      key = await (await providers()).generateKey(provider);
      await trusting('trusts_present', 'trusts_present');
      const folder = join(service.dataFolder, 'tls');
      const names = { commonName: 'localhost', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], validDays: 300 };
      const renewed = await issueServerCertificate(await readCertificateAuthority(folder), names);
      await writeFile(join(folder, 'server.key'), renewed.privateKeyPem.expose());
      await writeFile(join(folder, 'server.crt'), renewed.certificatePem);
      process.kill((await service.reload()).processes['kmip-gateway-1'] ?? 0, 'SIGHUP');
      await until(
        'it was reloaded',
        30_000,
        async () => (await readFile(presented(), 'utf8')) === renewed.certificatePem,
      );
    }, 60_000);

    it('vCenter is served by endpoint 2, and all see who does not trust endpoint 1', async () => {
      const { exit, stdout, stderr } = await status(provider);
      const report = JSON.parse(stdout) as { servers: { connected: boolean; serverTrust: string }[] };
      expect(report.servers.map((server) => server.connected)).toEqual([false, true]);
      expect([exit, stderr.includes('kmip4v vcenter renew')]).toEqual([1, true]);
      await trusting('trusted_former', 'trusts_present');
      expect(await unaccepted()).toHaveLength(1);
      const made = await (await providers()).generateKey(provider);
      expect(await (await providers()).keyStatus([key, made], KEY_STATUS_BITS.available)).toHaveLength(2);
      expect(await servable(key.keyId, made.keyId)).toBe(true);
    });

    it('renew compares, trusts it, and all see that', async () => {
      const { exit, stdout, stderr } = await vcenter.kmip4v(service, [
        'renew',
        '--provider',
        provider,
        '--output',
        'json',
      ]);
      if (exit !== 0) throw new Error(stderr);
      const { steps } = JSON.parse(stdout) as Connected;
      const trusted = steps.filter(({ what }) => what.startsWith('vCenter trusts'));
      expect(trusted.map(({ outcome }) => outcome)).toEqual(['done', 'already']);
      expect((await status(provider)).exit).toBe(0);
      await trusting('trusts_present', 'trusts_present');
      expect(await unaccepted()).toEqual([]);
      expect(await servable(key.keyId)).toBe(true);
    });
  });

  const servable = async (...ids: readonly string[]): Promise<boolean> => {
    const keys = await Promise.all(
      ids.map(async (id) => {
        const params = { path: { instance_id: service.connection.instance.id, id } };
        return await answerOf(api.GET('/v1/instances/{instance_id}/keys/{id}', { params }));
      }),
    );
    return keys.every((each) => each.servable);
  };
});
