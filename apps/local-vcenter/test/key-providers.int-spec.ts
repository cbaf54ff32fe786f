import { X509Certificate } from 'node:crypto';

import { issueCertificateAuthority, issueClientCertificate, signCertificateRequest } from '@lib/pki';
import { type CryptoKeyResult, type KmipClusterInfo } from '@lib/vi-json';

import { type KmipEntry } from '../src/kmip/kmip-log';
import { KmipServer } from './kmip-server.fixture';
import { serverInfo, TestVcenter } from './test-vcenter';

const CRYPTO = 'CryptoManagerKmip/CryptoManager';
const cluster = { id: 'acme' };

let vcenter: TestVcenter;
let first: KmipServer;
let second: KmipServer;

beforeEach(async () => {
  first = await KmipServer.start();
  second = await KmipServer.start(first);
  vcenter = await TestVcenter.start();
  await vcenter.login();
});

afterEach(async () => {
  await vcenter.close();
  await Promise.all([first.close(), second.close()]);
});

const actions = async (): Promise<string[]> =>
  (await vcenter.admin<KmipEntry[]>('GET', '/kmip')).map(({ action, server, failure }) =>
    failure === undefined ? `${action} ${server}` : `${action} ${server} failed`,
  );

const connection = async (): Promise<unknown[]> => {
  const { servers, overallStatus } = await vcenter.status('acme');
  return [overallStatus, ...servers.map(({ status }) => status)];
};

it('is Connected once both sides trust each other, endpoint by endpoint', async () => {
  const register = (server: KmipServer, name: string) =>
    vcenter.call(`${CRYPTO}/RegisterKmipServer`, { server: { clusterId: cluster, info: serverInfo(server, name) } });
  await register(first, 'kmip-1');
  await register(second, 'kmip-2');
  expect(await vcenter.status('acme')).toMatchObject({
    overallStatus: 'red',
    servers: [
      { name: 'kmip-1', status: 'red', clientTrustServer: false },
      { name: 'kmip-2', status: 'red', clientTrustServer: false },
    ],
  });

  await vcenter.call(`${CRYPTO}/UploadKmipServerCert`, { cluster, certificate: first.certificatePem });
  expect((await vcenter.status('acme')).servers).toMatchObject([
    { clientTrustServer: true, serverTrustClient: false },
    { clientTrustServer: false },
  ]);

  const certificate = await vcenter.call<string>(`${CRYPTO}/RetrieveClientCert`, { cluster });
  for (const server of [first, second]) server.allow(new X509Certificate(certificate).fingerprint256);
  expect(await connection()).toEqual(['yellow', 'green', 'red']);
  await vcenter.call(`${CRYPTO}/UploadKmipServerCert`, { cluster, certificate: second.certificatePem });
  expect(await vcenter.status('acme')).toMatchObject({
    overallStatus: 'green',
    servers: [{ connectionStatus: 'Connected', serverTrustClient: true }, { connectionStatus: 'Connected' }],
    clientCertInfo: { subject: 'CN=vcenter.local' },
  });
});

describe('client trust, four ways', () => {
  beforeEach(async () => {
    await vcenter.connect('acme', first);
    first.allowNobody();
  });

  const inUse = (): Promise<string> => vcenter.call<string>(`${CRYPTO}/RetrieveClientCert`, { cluster });
  const allow = (pem: string): void => first.allow(new X509Certificate(pem).fingerprint256);

  it('by a certificate of its own, which works from the update on', async () => {
    const before = await inUse();
    const candidate = await vcenter.call<string>(`${CRYPTO}/GenerateSelfSignedClientCert`, { cluster });
    expect(new X509Certificate(candidate).subject).toMatch(/^CN=kmipClient\d{14}$/);
    expect(await vcenter.call(`${CRYPTO}/RetrieveSelfSignedClientCert`, { cluster })).toBe(candidate);
    expect(await inUse()).toBe(before);
    allow(candidate);
    expect(await connection()).toEqual(['red', 'red']);
    await vcenter.call(`${CRYPTO}/UpdateSelfSignedClientCert`, { cluster, certificate: candidate });
    expect(await connection()).toEqual(['green', 'green']);
  });

  it('by a request that the key server signs', async () => {
    const ca = await issueCertificateAuthority({ commonName: 'Key server CA', validDays: 2 });
    const request = { commonName: 'vc.example.com', organization: 'Acme', country: 'DE' };
    const csr = await vcenter.call<string>(`${CRYPTO}/GenerateClientCsr`, { cluster, request });
    const { certificatePem } = await signCertificateRequest(ca, csr, { validDays: 1 });
    expect(new X509Certificate(certificatePem).subject).toBe('CN=vc.example.com\nO=Acme\nC=DE');
    await vcenter.call(`${CRYPTO}/UpdateKmsSignedCsrClientCert`, { cluster, certificate: certificatePem });
    allow(certificatePem);
    expect(await connection()).toEqual(['green', 'green']);
  });

  it('by a pair that the key server made', async () => {
    const made = await issueClientCertificate('self-signed', { commonName: 'acme', validDays: 1 });
    allow(made.certificatePem);
    await vcenter.call(`${CRYPTO}/UploadClientCert`, {
      cluster,
      certificate: made.certificatePem.trimEnd(),
      privateKey: made.privateKeyPem.exposeText(),
    });
    expect(await connection()).toEqual(['green', 'green']);
  });

  it("by the leaf that vCenter's own CA signed, of a provider where nothing was chosen", async () => {
    await vcenter.call(`${CRYPTO}/RegisterKmipServer`, {
      server: { clusterId: { id: 'fresh' }, info: serverInfo(first, 'kmip-1') },
    });
    const leaf = await vcenter.call<string>(`${CRYPTO}/RetrieveClientCert`, { cluster: { id: 'fresh' } });
    expect(new X509Certificate(leaf).issuer).toBe('CN=CA');
  });

  it('refuses a certificate of another key than its newest candidate, and works on with the old', async () => {
    const before = await inUse();
    const old = await vcenter.call<string>(`${CRYPTO}/GenerateSelfSignedClientCert`, { cluster });
    await vcenter.call(`${CRYPTO}/GenerateSelfSignedClientCert`, { cluster });
    const answer = await vcenter.crypto('UpdateSelfSignedClientCert', { cluster, certificate: old });
    expect(answer).toMatchObject({
      status: 500,
      body: { _typeName: 'InvalidArgument', invalidProperty: 'certificate' },
    });
    expect(await inUse()).toBe(before);
  });
});

describe('keys', () => {
  beforeEach(async () => {
    await vcenter.connect('acme', first, second);
    await vcenter.admin('DELETE', '/kmip');
  });

  const status = async (keyId: object, checkKeyBitMap = 1): Promise<unknown> =>
    vcenter.call(`${CRYPTO}/QueryCryptoKeyStatus`, { keyIds: [keyId], checkKeyBitMap });

  it('are made at the key server and marked as VMware’s; they stay Pre-Active until something uses them', async () => {
    const key = await vcenter.generateKey('acme');
    expect(await actions()).toEqual(['create acme-1', 'tag acme-1']);
    const { attributes } = await first.engine.perform('GetAttributes', {
      uniqueIdentifier: key.keyId,
      attributeNames: ['State', 'x-Vendor', 'x-Product_Version'],
    });
    expect(attributes.map(({ attributeValue }) => attributeValue?.value)).toEqual([
      1,
      'VMware, Inc.',
      '8.0.3 build-24322831',
    ]);
    expect(await status(key)).toEqual([
      {
        _typeName: 'CryptoManagerKmipCryptoKeyStatus',
        keyId: { _typeName: 'CryptoKeyId', ...key },
        keyAvailable: false,
        reason: 'KeyStateNotActiveOrEnabled',
      },
    ]);
    await first.engine.perform('Activate', { uniqueIdentifier: key.keyId });
    expect(await status(key)).toMatchObject([{ keyAvailable: true }]);
  });

  it('carry the attributes that the caller gives', async () => {
    const spec = { attributes: [{ key: 'app', value: 'kmip4v' }] };
    const { keyId } = await vcenter.call<CryptoKeyResult>(`${CRYPTO}/GenerateKey`, { keyProvider: cluster, spec });
    await actions();
    const later = { attributes: [{ key: 'x-owner', value: 'finance' }] };
    expect(await vcenter.call(`${CRYPTO}/SetKeyCustomAttributes`, { keyId, spec: later })).toMatchObject({
      success: true,
    });
    const { attributes } = await first.engine.perform('GetAttributes', {
      uniqueIdentifier: keyId.keyId,
      attributeNames: ['x-app', 'x-owner'],
    });
    expect(attributes.map(({ attributeValue }) => attributeValue?.value)).toEqual(['kmip4v', 'finance']);
  });

  it('are asked of the next server when one is away', async () => {
    await first.close();
    await vcenter.generateKey('acme');
    expect(await actions()).toEqual(['create acme-1 failed', 'create acme-2', 'tag acme-1 failed', 'tag acme-2']);
  });

  it('that cannot be made are a 200 with a failure for each server', async () => {
    await Promise.all([first.close(), second.close()]);
    const answer = await vcenter.crypto('GenerateKey', { keyProvider: cluster });
    expect(answer).toMatchObject({ status: 200, body: { success: false, keyId: { keyId: '' } } });
    const { reason } = answer.body as CryptoKeyResult;
    expect(reason).toMatch(
      /^Failed to generate key on KMS 127\.0\.0\.1: .*Failed to generate key on KMS .*key provider acme, error 7$/,
    );
  });

  it('need the password that belongs to a user name', async () => {
    for (const server of [1, 2]) {
      const info = { ...serverInfo(server === 1 ? first : second, `acme-${server}`), userName: 'acme' };
      await vcenter.call(`${CRYPTO}/UpdateKmipServer`, { server: { clusterId: cluster, info } });
    }
    const result = await vcenter.call<CryptoKeyResult>(`${CRYPTO}/GenerateKey`, { keyProvider: cluster });
    expect(result.reason).toContain('QLC_ERR_VALUE_MISSING');
  });

  it.each([
    ['of a provider that there is not', { keyId: 'a', providerId: { id: 'other' } }, 'KeyStateClusterInvalid'],
    ['that the key server lost', { keyId: 'a', providerId: cluster }, 'KeyStateMissingInKMS'],
    ['of which nobody knows the provider', { keyId: 'a' }, 'KeyStateMissingInCache'],
  ])('%s', async (_name, keyId, reason) => {
    expect(await status(keyId)).toMatchObject([{ keyAvailable: false, reason }]);
  });

  it('of a provider that cannot be reached', async () => {
    const key = await vcenter.generateKey('acme');
    await Promise.all([first.close(), second.close()]);
    expect(await status(key)).toMatchObject([{ keyAvailable: false, reason: 'KeyStateClusterUnreachable' }]);
  });

  it('are not looked up when availability was not asked for', async () => {
    const key = await vcenter.generateKey('acme');
    await vcenter.admin('GET', '/kmip');
    await vcenter.admin('DELETE', '/kmip');
    expect(await status(key, 2)).toEqual([{ _typeName: 'CryptoManagerKmipCryptoKeyStatus', keyId: key }]);
    expect(await actions()).toEqual([]);
  });
});

it('looks at each server every five minutes: the handshake alone, then two Discover Versions', async () => {
  await vcenter.connect('acme', first, second);
  await vcenter.status('acme');
  await vcenter.admin('DELETE', '/kmip');
  await vcenter.advance(299);
  expect(await actions()).toEqual([]);
  await vcenter.advance(1);
  for (const expected of [4, 8]) {
    while ((await actions()).length < expected) await new Promise((resolve) => setImmediate(resolve));
    expect((await actions()).slice(-4)).toEqual(['handshake acme-1', 'test acme-1', 'handshake acme-2', 'test acme-2']);
    await vcenter.advance(300);
  }
});

it('keeps providers, trust and client certificates over a restart, and never shows a password', async () => {
  const info = { ...serverInfo(first, 'kmip-1'), userName: 'acme', timeout: 7, protocol: 'KMIP1' };
  await vcenter.call(`${CRYPTO}/RegisterKmipServer`, {
    server: { clusterId: cluster, info, password: 'correct horse' },
  });
  const changed = { ...serverInfo(first, 'kmip-1'), protocol: '', timeout: -1 };
  await vcenter.call(`${CRYPTO}/UpdateKmipServer`, { server: { clusterId: cluster, info: changed } });
  const [listed] = await vcenter.call<KmipClusterInfo[]>(`${CRYPTO}/ListKmipServers`);
  expect(listed).toEqual({
    _typeName: 'KmipClusterInfo',
    clusterId: { _typeName: 'KeyProviderId', id: 'acme' },
    servers: [{ _typeName: 'KmipServerInfo', ...serverInfo(first, 'kmip-1'), userName: 'acme', timeout: -1 }],
    useAsDefault: true,
    managementType: 'vCenter',
  });
});
