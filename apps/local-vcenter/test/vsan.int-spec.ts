import {
  type KmipClusterInfo,
  PinnedTransport,
  reference,
  taskResult,
  ViSession,
  type VsanDataEncryptionConfig,
} from '@lib/vi-json';

import { UNKIND } from '../src/behaviour';
import { type Proof } from '../src/inventory/proof';
import { type KmipEntry } from '../src/kmip/kmip-log';
import { VSAN_METHODS } from '../src/methods/vsan-cluster-config-system';
import { type HostRow } from '../src/rows';
import { KmipServer } from './kmip-server.fixture';
import { PASSWORD, TestVcenter } from './test-vcenter';

const TYPE = 'VsanVcClusterConfigSystem';
const SYSTEM = reference(TYPE, 'vsan-cluster-config-system');
const CLUSTER = reference('ClusterComputeResource', 'domain-c11');
const WITHOUT_VSAN = reference('ClusterComputeResource', 'domain-c10');
const ADMINISTRATOR = 'administrator@vsphere.local';

let vcenter: TestVcenter;
let theirs: KmipServer;
let ours: KmipServer;
let session: ViSession;

const open = (userName = ADMINISTRATOR): Promise<ViSession> => {
  const { fingerprint, url } = vcenter.vcenter;
  const transport = new PinnedTransport(new URL(url), fingerprint);
  return ViSession.open({ transport, credentials: { userName, password: PASSWORD } });
};
const encryption = async (cluster = CLUSTER): Promise<VsanDataEncryptionConfig | undefined> =>
  (await session.call(SYSTEM, TYPE, 'VsanClusterGetConfig', { cluster }))?.dataEncryptionConfig;
const reconfigure = (to: object, cluster = CLUSTER, modify = true) =>
  session.call(SYSTEM, TYPE, 'VsanClusterReconfig', {
    cluster,
    vsanReconfigSpec: { modify, dataEncryptionConfig: to as VsanDataEncryptionConfig },
  });
const moveTo = (id: string) => reconfigure({ encryptionEnabled: true, kmsProviderId: { id } });
const rekey = (deepRekey = false, encryptedCluster = CLUSTER) =>
  session.call(SYSTEM, TYPE, 'VsanEncryptedClusterRekey_Task', { encryptedCluster, deepRekey });
const done = async (task: Promise<Parameters<typeof taskResult>[1]>): Promise<unknown> =>
  await taskResult(session, await task);
const prove = (): Promise<Proof> => vcenter.admin<Proof>('POST', '/inventory/prove');
const members = async (): Promise<readonly HostRow[]> =>
  (await vcenter.admin<{ hosts: readonly HostRow[] }>('GET', '/inventory')).hosts.filter(
    ({ cluster }) => cluster === CLUSTER.value,
  );

async function begin(): Promise<void> {
  [theirs, ours] = await Promise.all([KmipServer.start(), KmipServer.start()]);
  vcenter = await TestVcenter.start();
  await vcenter.login();
  await vcenter.connect('theirs', theirs);
  await vcenter.connect('ours', ours);
  await vcenter.admin('POST', '/inventory', { machines: 1 });
  await vcenter.admin('POST', '/inventory/encrypt', { provider: 'theirs' });
  session = await open();
}

async function end(): Promise<void> {
  await session.close().catch(() => undefined);
  await vcenter.close();
  await Promise.allSettled([theirs.close(), ours.close()]);
}

describe('a vSAN cluster', () => {
  beforeAll(begin);
  afterAll(end);
  afterEach(() => vcenter.admin('DELETE', '/behaviour'));

  it('says what a cluster is encrypted with, and that another is not, in one way or the other', async () => {
    expect(await encryption()).toEqual({
      encryptionEnabled: true,
      kmsProviderId: { id: 'theirs' },
      kekId: expect.any(String) as string,
      hostKeyId: expect.any(String) as string,
      changing: false,
    });
    expect(await encryption(WITHOUT_VSAN)).toEqual({ encryptionEnabled: false, changing: false });
    await vcenter.admin('POST', '/behaviour', UNKIND);
    expect(await encryption(WITHOUT_VSAN)).toBeUndefined();
  });

  it('goes over to another provider: each host fetches both keys, and its data key opens with the new one alone', async () => {
    const before = await encryption();
    await vcenter.admin('DELETE', '/kmip');
    await done(moveTo('ours'));
    const after = await encryption();
    expect([after?.kmsProviderId?.id, after?.kekId === before?.kekId]).toEqual(['ours', false]);
    const fetched = (await vcenter.admin<KmipEntry[]>('GET', '/kmip')).filter(({ action }) => action === 'use');
    for (const { name } of await members()) {
      const keys = fetched.filter(({ by }) => by === name).map(({ keyId }) => keyId);
      expect(keys.toSorted()).toEqual([after?.kekId, after?.hostKeyId].toSorted());
    }
    const proof = await prove();
    expect([proof.opened, proof.byProvider['ours']]).toEqual([proof.sealed, 2]);
  });

  it('gets new keys of its own provider, wrapped anew or all anew', async () => {
    const seen = new Set([(await encryption())?.kekId]);
    for (const deep of [false, true]) {
      await done(rekey(deep));
      const { kekId, kmsProviderId } = (await encryption())!;
      expect([kmsProviderId?.id, seen.has(kekId)]).toEqual(['ours', false]);
      seen.add(kekId);
    }
    const proof = await prove();
    expect(proof.opened).toBe(proof.sealed);
  });

  it('says that it is changing while a task changes it', async () => {
    await vcenter.admin('POST', '/behaviour', { taskSeconds: 60 });
    const task = moveTo('theirs');
    await task;
    expect((await encryption())?.changing).toBe(true);
    await vcenter.advance(61);
    await done(task);
    expect((await encryption())?.changing).toBe(false);
  });

  it('is decrypted, and encrypted again by the default provider', async () => {
    await done(reconfigure({ encryptionEnabled: false }));
    expect(await encryption()).toMatchObject({ encryptionEnabled: false });
    await done(reconfigure({ encryptionEnabled: true }));
    expect(await encryption()).toMatchObject({ encryptionEnabled: true, kmsProviderId: { id: 'theirs' } });
  });

  it('is re-keyed without its data by who has the privilege for that alone', async () => {
    await as('Cryptographer.ManageKeys', () => done(rekey()));
  });
});

const as = async (without: string, work: () => Promise<unknown>): Promise<unknown> => {
  await session.close();
  await vcenter.admin('PUT', '/users/limited@vsphere.local', { password: PASSWORD, without: [without] });
  session = await open('limited@vsphere.local');
  return await work();
};
const nobody = reference('ClusterComputeResource', 'domain-c0');
const whileBusy = async (work: () => Promise<unknown>): Promise<unknown> => {
  await vcenter.admin('POST', '/behaviour', { taskSeconds: 60 });
  // To the provider that it has: that changes nothing.
  const task = moveTo('theirs');
  await task;
  await vcenter.admin('DELETE', '/behaviour');
  try {
    return await work();
  } finally {
    await vcenter.advance(61);
    await done(task);
  }
};
const whileAway = async (work: () => Promise<unknown>): Promise<unknown> => {
  const [host] = await members();
  const set = (connection: string) => vcenter.admin('PATCH', `/hosts/${host!.id}`, { connection });
  await set('disconnected');
  return await work().finally(() => set('connected'));
};
const CRYPTO = 'CryptoManagerKmip/CryptoManager';
/** While no server of the provider can be reached. */
const without = async (id: string, work: () => Promise<unknown>): Promise<unknown> => {
  const all = await vcenter.call<KmipClusterInfo[]>(`${CRYPTO}/ListKmipServers`);
  const [info] = all.find(({ clusterId }) => clusterId.id === id)!.servers!;
  const set = (port: number) =>
    vcenter.call(`${CRYPTO}/UpdateKmipServer`, { server: { clusterId: { id }, info: { ...info, port } } });
  await set(1);
  return await work().finally(() => set(info!.port));
};
/** vCenter and hosts have the key no more, and would fetch it. */
const forget = async (): Promise<string> => {
  const keyId = (await encryption())!.kekId!;
  await vcenter.call(`${CRYPTO}/RemoveKey`, { key: { keyId, providerId: { id: 'theirs' } }, force: true });
  return keyId;
};

/** How each fault that a method declares comes about. */
const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  'VsanClusterGetConfig ManagedObjectNotFound': () => encryption(nobody),
  'VsanClusterGetConfig NoPermission': () => as(`System.Read@${CLUSTER.value}`, encryption),
  'VsanClusterReconfig InvalidArgument': () => moveTo('none'),
  'VsanClusterReconfig InvalidState': () => reconfigure({ encryptionEnabled: true }, WITHOUT_VSAN),
  'VsanClusterReconfig ManagedObjectNotFound': () => reconfigure({ encryptionEnabled: true }, nobody),
  'VsanClusterReconfig NoPermission': () => as('Host.Inventory.EditCluster', () => moveTo('ours')),
  'VsanClusterReconfig NotSupported': () => reconfigure({ encryptionEnabled: true }, CLUSTER, false),
  'VsanClusterReconfig TaskInProgress': () => whileBusy(() => moveTo('ours')),
  'VsanClusterReconfig EncryptionKeyRequired': async () => {
    await forget();
    return without('theirs', () => done(moveTo('ours')));
  },
  'VsanClusterReconfig HostNotConnected': () => whileAway(() => done(moveTo('ours'))),
  'VsanClusterReconfig SystemError': () => without('ours', () => done(moveTo('ours'))),
  'VsanEncryptedClusterRekey_Task InvalidState': () => rekey(false, WITHOUT_VSAN),
  'VsanEncryptedClusterRekey_Task ManagedObjectNotFound': () => rekey(false, nobody),
  'VsanEncryptedClusterRekey_Task NoPermission': () => as('Cryptographer.ManageKeys', () => rekey(true)),
  'VsanEncryptedClusterRekey_Task TaskInProgress': () => whileBusy(rekey),
  'VsanEncryptedClusterRekey_Task EncryptionKeyRequired': async () => {
    const uniqueIdentifier = await forget();
    await theirs.engine.perform('Revoke', { uniqueIdentifier, revocationReason: { revocationReasonCode: 1 } });
    await theirs.engine.perform('Destroy', { uniqueIdentifier });
    return done(rekey());
  },
  'VsanEncryptedClusterRekey_Task HostNotConnected': () => whileAway(() => done(rekey())),
  'VsanEncryptedClusterRekey_Task SystemError': () => without('theirs', () => done(rekey())),
};

const PAIRS = VSAN_METHODS.flatMap(({ name, faults, taskFaults }) =>
  [...faults, ...taskFaults].map((fault) => [name, fault] as const),
);

describe('a fault', () => {
  beforeAll(begin);
  afterAll(end);
  afterEach(() => session.close());
  beforeEach(async () => {
    session = await open();
  });

  it('every declared fault has a way to come about, and nothing else has', () => {
    expect(Object.keys(WAYS).sort()).toEqual(PAIRS.map((pair) => pair.join(' ')).sort());
  });

  it.each(PAIRS)('%s ends with %s, and changes nothing', async (name, typeName) => {
    const before = await encryption();
    await expect(WAYS[`${name} ${typeName}`]!()).rejects.toMatchObject({ name: 'ViFault', typeName });
    if (typeName === 'NoPermission') session = await open();
    const after = await encryption();
    expect(after).toEqual(before);
  });
});

describe('SOAP', () => {
  beforeAll(begin);
  afterAll(end);

  const send = (path: string, body: string, headers: object = {}) =>
    vcenter.send('POST', path, {
      body,
      headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: 'urn:vsan/8.0.3.0', ...headers },
    });
  const message = (body: string): string =>
    `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`;
  const SELF = `<_this type="${TYPE}">vsan-cluster-config-system</_this>`;
  const CONFIG = message(
    `<VsanClusterGetConfig xmlns="urn:vsan">${SELF}<cluster type="ClusterComputeResource">domain-c11</cluster></VsanClusterGetConfig>`,
  );
  const login = async (): Promise<string> => {
    const body = `<Login xmlns="urn:vim25"><_this type="SessionManager">SessionManager</_this><userName>${ADMINISTRATOR}</userName><password>${PASSWORD}</password></Login>`;
    const answer = await send('/sdk', message(body), { soapaction: 'urn:vim25/8.0.3.0' });
    const [cookie = ''] = [answer.headers['set-cookie']].flat();
    expect(cookie).toMatch(/^vmware_soap_session="[0-9a-f]{40}"; Path=\/; HttpOnly; Secure;/);
    return cookie;
  };

  it('takes the cookie of its own session, with or without quotes, and no token of JSON', async () => {
    const cookie = await login();
    for (const sent of [cookie, cookie.split(';')[0]!.replaceAll('"', '')]) {
      expect((await send('/vsanHealth', CONFIG, { cookie: sent })).status).toBe(200);
    }
    const token = await vcenter.login();
    for (const headers of [{ cookie: `vmware_soap_session="${token}"` }, { 'vmware-api-session-id': token }, {}]) {
      const answer = await send('/vsanHealth', CONFIG, headers);
      expect(answer).toMatchObject({ status: 500, headers: { 'content-type': 'text/xml; charset=utf-8' } });
      expect(answer.body).toContain('xsi:type="NotAuthenticated"');
    }
  });

  it.each([
    ['that is no XML', '<a>', {}],
    ['that is no SOAP', '<a/>', {}],
    ['of another version', CONFIG, { soapaction: 'urn:vsan/9.0.0.0' }],
    ['of another interface', CONFIG, { soapaction: 'urn:vim25/8.0.3.0' }],
    ['of no version', CONFIG, { soapaction: '' }],
    ['of a method there is not', CONFIG.replaceAll('VsanClusterGetConfig', 'VsanClusterReformat'), {}],
    ['in another case', CONFIG.replaceAll('VsanClusterGetConfig', 'vsanClusterGetConfig'), {}],
    ['without what is required', message(`<VsanClusterGetConfig xmlns="urn:vsan">${SELF}</VsanClusterGetConfig>`), {}],
    ['with a parameter too many', CONFIG.replace('</cluster>', '</cluster><deep>true</deep>'), {}],
    ['in another order', CONFIG.replace(SELF, '').replace('</cluster>', `</cluster>${SELF}`), {}],
    ['with a value of another type', CONFIG.replace('<cluster type="ClusterComputeResource">', '<cluster>'), {}],
  ])('refuses a call %s', async (_what, body, headers) => {
    const answer = await send('/vsanHealth', body, { cookie: await login(), ...headers });
    expect(answer.status).toBe(500);
    expect(answer.body).toContain('xsi:type="InvalidRequest"');
  });

  it('is disturbed and counted as JSON is', async () => {
    await vcenter.admin('DELETE', '/calls');
    await vcenter.admin('POST', '/faults', { match: { type: TYPE }, effect: { kind: 'page', status: 503 }, count: 1 });
    const cookie = await login();
    expect((await send('/vsanHealth', CONFIG, { cookie })).status).toBe(503);
    expect((await send('/vsanHealth', CONFIG, { cookie })).status).toBe(200);
    const { counts } = await vcenter.admin<{ counts: object }>('GET', '/calls');
    expect(counts).toEqual({ 'SessionManager.Login': 1, [`${TYPE}.VsanClusterGetConfig`]: 2 });
  });

  it('is nothing of the JSON API of 8.0', async () => {
    const asked = { cluster: CLUSTER };
    for (const path of [`${TYPE}/vsan-cluster-config-system/VsanClusterGetConfig`, `vsan/${TYPE}`]) {
      expect((await vcenter.post(path, asked)).status).toBeGreaterThanOrEqual(404);
    }
  });
});
