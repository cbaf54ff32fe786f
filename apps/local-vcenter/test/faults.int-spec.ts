import { type TaskInfo } from '@lib/vi-json';

import { METHODS } from '../src/methods/table';
import { type HostRow, type VmRow } from '../src/rows';
import { KmipServer } from './kmip-server.fixture';
import { PASSWORD, TestVcenter } from './test-vcenter';

const CRYPTO = 'CryptoManagerKmip/CryptoManager';
const DISKS = 'VcenterVStorageObjectManager/VStorageObjectManager';
const ROOT = { type: 'Folder', value: 'group-d1' };
const NOBODY = { type: 'VirtualMachine', value: 'vm-0' };
const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const NOWHERE = { name: 'kmip-1', address: '127.0.0.1', port: 5696 };
const other = { id: 'other' };
const key = (keyId = '', provider = 'acme') => ({ keyId, providerId: { id: provider } });
const policy = [{ _typeName: 'VirtualMachineDefinedProfileSpec', profileId: 'encrypted' }];
const shallow = (newKeyId: object = key()) => ({ _typeName: 'CryptoSpecShallowRecrypt', newKeyId });
const encrypt = { crypto: { _typeName: 'CryptoSpecEncrypt', cryptoKeyId: key() }, vmProfile: policy };

let vcenter: TestVcenter;
let kmip: KmipServer;

/** One machine of each kind, encrypted; the clock of its tasks stands until it is moved. */
beforeAll(async () => {
  kmip = await KmipServer.start();
  vcenter = await TestVcenter.start();
  await vcenter.login();
  await vcenter.connect('acme', kmip);
  await vcenter.admin('POST', '/inventory', { machines: 10 });
  await vcenter.admin('POST', '/inventory/encrypt', { provider: 'acme' });
});

beforeEach(() => vcenter.login());

afterAll(async () => {
  await vcenter.close();
  await kmip.close();
});

const inventory = () => vcenter.admin<{ machines: readonly VmRow[]; hosts: readonly HostRow[] }>('GET', '/inventory');
const machine = async (profile: string): Promise<VmRow> =>
  (await inventory()).machines.find(({ name }) => name.startsWith(`${profile}-`))!;

/** What the call is answered, or how its task ends. */
async function outcome(path: string, body?: unknown): Promise<unknown> {
  const answer = await vcenter.post(path, body);
  const reference = answer.body as { type?: string } | undefined;
  return reference?.type === 'Task' ? (await vcenter.ended(reference)).error : answer.body;
}

const crypto = (name: string, body: unknown) => (): Promise<unknown> => outcome(`${CRYPTO}/${name}`, body);
const on = (profile: string, name: string, body?: unknown) => async (): Promise<unknown> =>
  outcome(`VirtualMachine/${(await machine(profile)).id}/${name}`, body);
const reconfigure = (profile: string, spec: unknown) => on(profile, 'ReconfigVM_Task', { spec });
const disk = async (): Promise<{ id: { id: string }; datastore: object }> => {
  for (const value of ['datastore-50', 'datastore-51']) {
    const datastore = { type: 'Datastore', value };
    const listed = await vcenter.call<{ id: string }[] | undefined>(`${DISKS}/ListVStorageObject`, { datastore });
    for (const { id } of listed ?? []) {
      const found = await vcenter.call<{ config: { consumerId?: unknown } }>(`${DISKS}/RetrieveVStorageObject`, {
        id: { id },
        datastore,
      });
      if (found.config.consumerId === undefined) return { id: { id }, datastore };
    }
  }
  throw new Error('no first-class disk');
};
const onDisk =
  (name: string, more: object, change: (at: Awaited<ReturnType<typeof disk>>) => object = (at) => at) =>
  async (): Promise<unknown> =>
    outcome(`${DISKS}/${name}`, { ...change(await disk()), ...more });
const recryptDisk = (more: object = {}) => ({ disksCrypto: { crypto: shallow() }, profile: policy, ...more });

/** While the provider cannot be reached. */
const withoutKeys = (work: () => Promise<unknown>) => async (): Promise<unknown> => {
  const [{ servers }] = await vcenter.call<[{ servers: [object] }]>(`${CRYPTO}/ListKmipServers`);
  const update = (info: object) =>
    vcenter.call(`${CRYPTO}/UpdateKmipServer`, { server: { clusterId: { id: 'acme' }, info } });
  await update({ ...servers[0], port: 1 });
  try {
    return await work();
  } finally {
    await update(servers[0]);
  }
};

/** While a task of half a minute changes the object. */
const whileBusy =
  (start: () => Promise<{ body: unknown }>, work: () => Promise<unknown>) => async (): Promise<unknown> => {
    await vcenter.admin('POST', '/behaviour', { taskSeconds: 30 });
    const { body } = await start();
    await vcenter.admin('POST', '/behaviour', { taskSeconds: 0 });
    const found = await work();
    await vcenter.advance(60);
    await vcenter.ended(body);
    return found;
  };
const busy = (name: string, body?: unknown) =>
  whileBusy(
    async () => {
      const { id } = await machine('web');
      return await vcenter.post(`VirtualMachine/${id}/CryptoUnlock_Task`);
    },
    on('web', name, body),
  );

const as = (without: string, work: () => Promise<unknown>) => async (): Promise<unknown> => {
  await vcenter.loginWithout(without);
  return work();
};

const disconnected = (work: () => Promise<unknown>) => async (): Promise<unknown> => {
  const { hosts } = await inventory();
  const set = (connection: string) =>
    Promise.all(hosts.map(({ id }) => vcenter.admin('PATCH', `/hosts/${id}`, { connection })));
  await set('disconnected');
  try {
    return await work();
  } finally {
    await set('connected');
  }
};

const host = (body: unknown, id?: string) => async (): Promise<unknown> =>
  outcome(`HostSystem/${id ?? (await inventory()).hosts[0]!.id}/ConfigureCryptoKey`, body);

const finished = async (): Promise<unknown> => {
  const task = await vcenter.call<{ value: string }>(`${CRYPTO}/RetrieveKmipServersStatus_Task`);
  await vcenter.ended(task);
  return outcome(`Task/${task.value}/CancelTask`);
};
const running = async (): Promise<unknown> => {
  await vcenter.admin('POST', '/behaviour', { taskSeconds: 30 });
  const task = await vcenter.call<{ value: string }>(`${CRYPTO}/RetrieveKmipServersStatus_Task`);
  await vcenter.admin('POST', '/behaviour', { taskSeconds: 0 });
  return outcome(`Task/${task.value}/CancelTask`);
};
const usedKey = async (): Promise<object> => {
  const { home } = await machine('web');
  return key(home!.keyId);
};
const login = (body: object) => async (): Promise<unknown> => {
  await vcenter.call('SessionManager/SessionManager/Logout');
  return outcome('SessionManager/SessionManager/Login', body);
};
const admin = { userName: 'administrator@vsphere.local', password: PASSWORD };
const retrieve =
  (propSet: object[], obj: object = ROOT, options: object = {}) =>
  () =>
    outcome('PropertyCollector/propertyCollector/RetrievePropertiesEx', {
      specSet: [{ propSet, objectSet: [{ obj }] }],
      options,
    });
const page = (name: string) => () => outcome(`PropertyCollector/propertyCollector/${name}`, { token: 'used' });
const view =
  (container: object, type: string[] = []) =>
  () =>
    outcome('ViewManager/ViewManager/CreateContainerView', { container, type, recursive: true });
const rights = (body: object) => () =>
  outcome('AuthorizationManager/AuthorizationManager/HasPrivilegeOnEntities', { privId: [], ...body });

/** How each fault that a method declares comes about. The table of methods asks for every one of them. */
const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  'Login InvalidLogin': login({ ...admin, password: 'wrong' }),
  'Login InvalidLocale': login({ ...admin, locale: 'tlh' }),
  'Login NoPermission': async () => {
    await vcenter.admin('PUT', '/users/guest@vsphere.local', { password: PASSWORD, role: 'none' });
    return login({ userName: 'guest@vsphere.local', password: PASSWORD })();
  },
  'HasPrivilegeOnEntities InvalidArgument': rights({ entity: [ROOT], sessionId: 'none' }),
  'HasPrivilegeOnEntities ManagedObjectNotFound': async () => {
    const [session] = (await vcenter.get('SessionManager/SessionManager/sessionList')).body as { key: string }[];
    return rights({ entity: [NOBODY], sessionId: session!.key })();
  },
  'RetrievePropertiesEx InvalidArgument': retrieve([], ROOT, { maxObjects: -1 }),
  'RetrievePropertiesEx InvalidProperty': retrieve([{ type: 'Folder', pathSet: ['nome'] }]),
  'RetrievePropertiesEx InvalidType': retrieve([{ type: 'Foldr', pathSet: ['name'] }]),
  'RetrievePropertiesEx ManagedObjectNotFound': retrieve([{ type: 'VirtualMachine', pathSet: ['name'] }], NOBODY),
  'ContinueRetrievePropertiesEx InvalidProperty': page('ContinueRetrievePropertiesEx'),
  'CancelRetrievePropertiesEx InvalidProperty': page('CancelRetrievePropertiesEx'),
  'CreateContainerView InvalidArgument': view(ROOT, ['Unheard']),
  'CreateContainerView ManagedObjectNotFound': view({ type: 'Folder', value: 'group-d0' }),
  'CancelTask InvalidState': finished,
  'CancelTask NotSupported': running,
  'RegisterKmipServer InvalidArgument': crypto('RegisterKmipServer', {
    server: { clusterId: other, info: { ...NOWHERE, port: 0 } },
  }),
  'UpdateKmipServer InvalidArgument': crypto('UpdateKmipServer', { server: { clusterId: other, info: NOWHERE } }),
  'RemoveKmipServer InvalidArgument': crypto('RemoveKmipServer', { clusterId: { id: 'acme' }, serverName: 'none' }),
  'RegisterKmsCluster InvalidArgument': crypto('RegisterKmsCluster', {
    clusterId: other,
    managementType: 'nativeProvider',
  }),
  'UnregisterKmsCluster InvalidArgument': crypto('UnregisterKmsCluster', { clusterId: other }),
  'MarkDefault InvalidArgument': crypto('MarkDefault', { clusterId: other }),
  'SetDefaultKmsCluster InvalidArgument': crypto('SetDefaultKmsCluster', { clusterId: other }),
  'SetDefaultKmsCluster ManagedObjectNotFound': crypto('SetDefaultKmsCluster', {
    entity: { type: 'ClusterComputeResource', value: 'domain-c0' },
  }),
  'GetDefaultKmsCluster InvalidArgument': crypto('GetDefaultKmsCluster', { entity: NOBODY }),
  'GetDefaultKmsCluster ManagedObjectNotFound': crypto('GetDefaultKmsCluster', {
    entity: { type: 'ClusterComputeResource', value: 'domain-c0' },
  }),
  'IsKmsClusterActive InvalidArgument': crypto('IsKmsClusterActive', { cluster: other }),
  'UploadKmipServerCert InvalidArgument': crypto('UploadKmipServerCert', { cluster: { id: 'acme' }, certificate: PEM }),
  'GenerateSelfSignedClientCert InvalidArgument': crypto('GenerateSelfSignedClientCert', {
    cluster: { id: 'acme' },
    request: { country: 'Germany' },
  }),
  'RetrieveSelfSignedClientCert InvalidArgument': crypto('RetrieveSelfSignedClientCert', { cluster: other }),
  'UpdateSelfSignedClientCert InvalidArgument': crypto('UpdateSelfSignedClientCert', {
    cluster: { id: 'acme' },
    certificate: PEM,
  }),
  'GenerateClientCsr InvalidArgument': crypto('GenerateClientCsr', { cluster: other }),
  'RetrieveClientCsr InvalidArgument': crypto('RetrieveClientCsr', { cluster: other }),
  'UpdateKmsSignedCsrClientCert InvalidArgument': async () =>
    crypto('UpdateKmsSignedCsrClientCert', { cluster: { id: 'acme' }, certificate: kmip.certificatePem })(),
  'UploadClientCert InvalidArgument': async () =>
    crypto('UploadClientCert', { cluster: { id: 'acme' }, certificate: kmip.certificatePem, privateKey: 'none' })(),
  'RetrieveClientCert InvalidArgument': crypto('RetrieveClientCert', { cluster: other }),
  'GenerateKey InvalidArgument': crypto('GenerateKey', { keyProvider: other }),
  'RemoveKey InvalidArgument': crypto('RemoveKey', { key: key('unknown'), force: false }),
  'RemoveKey ResourceInUse': async () => crypto('RemoveKey', { key: await usedKey(), force: false })(),
  'AddKey AlreadyExists': async () =>
    crypto('AddKey', { key: { keyId: await usedKey(), algorithm: 'AES-256', keyData: '' } })(),
  'AddKey InvalidArgument': crypto('AddKey', { key: { keyId: key('new'), algorithm: 'DES', keyData: '' } }),
  'AddKey InvalidState': crypto('AddKey', {
    key: { keyId: key('new'), algorithm: 'AES-256', keyData: Buffer.alloc(32).toString('base64') },
  }),
  'AddKeys InvalidState': crypto('AddKeys', {
    keys: [{ keyId: key('new'), algorithm: 'AES-256', keyData: Buffer.alloc(32).toString('base64') }],
  }),
  'ReconfigVM_Task InvalidArgument': reconfigure('archive', { crypto: encrypt.crypto }),
  'ReconfigVM_Task InvalidDeviceSpec': reconfigure('web', {
    deviceChange: [{ operation: 'edit', device: { _typeName: 'VirtualDisk', key: 1, capacityInKB: 1 } }],
  }),
  'ReconfigVM_Task TaskInProgress': busy('ReconfigVM_Task', { spec: {} }),
  'ReconfigVM_Task NoPermission': as('Cryptographer.Recrypt', reconfigure('web', { crypto: shallow() })),
  'ReconfigVM_Task ConcurrentAccess': reconfigure('web', { changeVersion: 'before' }),
  'ReconfigVM_Task EncryptionKeyRequired': reconfigure('web', { crypto: shallow(key('unknown')) }),
  'ReconfigVM_Task HostNotConnected': disconnected(reconfigure('web', {})),
  'ReconfigVM_Task InvalidPowerState': reconfigure('plain', encrypt),
  'ReconfigVM_Task InvalidState': reconfigure('plain', { crypto: shallow() }),
  'ReconfigVM_Task SystemError': withoutKeys(reconfigure('web', { crypto: shallow() })),
  'CryptoUnlock_Task NotSupported': on('plain', 'CryptoUnlock_Task'),
  'CryptoUnlock_Task TaskInProgress': busy('CryptoUnlock_Task'),
  'CryptoUnlock_Task InvalidState': async () => {
    await vcenter.connect('gone', kmip);
    const { id } = await machine('legacy');
    await outcome(`VirtualMachine/${id}/ReconfigVM_Task`, { spec: { crypto: shallow(key('', 'gone')) } });
    await vcenter.call(`${CRYPTO}/UnregisterKmsCluster`, { clusterId: { id: 'gone' } });
    return outcome(`VirtualMachine/${id}/CryptoUnlock_Task`);
  },
  'CryptoUnlock_Task InvalidVmState': async () => {
    const { home } = await machine('desktop');
    await vcenter.call(`${CRYPTO}/RemoveKey`, { key: key(home!.keyId), force: true });
    return withoutKeys(on('desktop', 'CryptoUnlock_Task'))();
  },
  'PowerOnVM_Task NotSupported': on('template', 'PowerOnVM_Task'),
  'PowerOnVM_Task TaskInProgress': busy('PowerOnVM_Task'),
  'PowerOnVM_Task EncryptionKeyRequired': async () => {
    const { home } = await machine('archive');
    await vcenter.call(`${CRYPTO}/RemoveKey`, { key: key(home!.keyId), force: true });
    return withoutKeys(on('archive', 'PowerOnVM_Task'))();
  },
  'PowerOnVM_Task HostNotConnected': disconnected(on('archive', 'PowerOnVM_Task')),
  'PowerOnVM_Task InvalidPowerState': on('web', 'PowerOnVM_Task'),
  'PowerOffVM_Task TaskInProgress': busy('PowerOffVM_Task'),
  'RemoveAllSnapshots_Task TaskInProgress': busy('RemoveAllSnapshots_Task'),
  'PromoteDisks_Task TaskInProgress': busy('PromoteDisks_Task', { unlink: true }),
  'PowerOffVM_Task InvalidPowerState': on('archive', 'PowerOffVM_Task'),
  'ConfigureCryptoKey EncryptionKeyRequired': host({ keyId: key('unknown') }),
  'ConfigureCryptoKey HostNotConnected': disconnected(host({})),
  'ConfigureCryptoKey InvalidArgument': host({ keyId: key('', 'other') }),
  'ConfigureCryptoKey SystemError': withoutKeys(host({ keyId: key() })),
  'PrepareCrypto InvalidState': async () => outcome(`HostSystem/${(await inventory()).hosts[0]!.id}/PrepareCrypto`),
  'SetCryptoMode InvalidArgument': () =>
    outcome('ClusterComputeResource/domain-c10/SetCryptoMode', { cryptoMode: 'always' }),
  'ListVStorageObject InvalidDatastore': () =>
    outcome(`${DISKS}/ListVStorageObject`, { datastore: { type: 'Datastore', value: 'datastore-0' } }),
  'RetrieveVStorageObject InvalidDatastore': onDisk('RetrieveVStorageObject', {}, (at) => ({ ...at, datastore: ROOT })),
  'RetrieveVStorageObject NotFound': onDisk('RetrieveVStorageObject', {}, (at) => ({ ...at, id: { id: 'none' } })),
  'UpdateVStorageObjectCrypto_Task InvalidDatastore': onDisk(
    'UpdateVStorageObjectCrypto_Task',
    recryptDisk(),
    (at) => ({
      ...at,
      datastore: ROOT,
    }),
  ),
  'UpdateVStorageObjectCrypto_Task NotFound': onDisk('UpdateVStorageObjectCrypto_Task', recryptDisk(), (at) => ({
    ...at,
    id: { id: 'none' },
  })),
  'UpdateVStorageObjectCrypto_Task InvalidArgument': onDisk(
    'UpdateVStorageObjectCrypto_Task',
    recryptDisk({ profile: [] }),
  ),
  'UpdateVStorageObjectCrypto_Task NoPermission': as(
    'Datastore.FileManagement',
    onDisk('UpdateVStorageObjectCrypto_Task', recryptDisk()),
  ),
  'UpdateVStorageObjectCrypto_Task TaskInProgress': whileBusy(
    async () => {
      return await vcenter.post(`${DISKS}/UpdateVStorageObjectCrypto_Task`, { ...(await disk()), ...recryptDisk() });
    },
    onDisk('UpdateVStorageObjectCrypto_Task', recryptDisk()),
  ),
  'UpdateVStorageObjectCrypto_Task EncryptionKeyRequired': onDisk(
    'UpdateVStorageObjectCrypto_Task',
    recryptDisk({ disksCrypto: { crypto: shallow(key('unknown')) } }),
  ),
  'UpdateVStorageObjectCrypto_Task InvalidState': async () => {
    const vm = await machine('volumes');
    const attached = { id: { id: vm.disks[0]!.diskObject! }, datastore: { type: 'Datastore', value: vm.datastore } };
    return outcome(`${DISKS}/UpdateVStorageObjectCrypto_Task`, { ...attached, ...recryptDisk() });
  },
};

const PAIRS = METHODS.flatMap(({ name, faults, taskFaults }) => {
  return [...new Set([...faults, ...taskFaults])].map((fault) => [name, fault] as const);
});

it('every declared fault has a way to come about, and nothing else has', () => {
  expect(Object.keys(WAYS).sort()).toEqual(PAIRS.map((pair) => pair.join(' ')).sort());
});

it.each(PAIRS)('%s ends with %s', async (name, fault) => {
  expect(await WAYS[`${name} ${fault}`]!()).toMatchObject({ _typeName: fault });
});

describe('privileges, missing one by one', () => {
  const asked = METHODS.flatMap(({ type, name, privilege, at }) =>
    privilege === undefined ? [] : [[name, type, privilege, at] as const],
  );
  /** Bodies that are in order as far as the types go: the privilege is asked for before anything is looked up. */
  const bodyOf = (name: string): object => {
    const { parameters } = METHODS.find((method) => method.name === name)!;
    return Object.fromEntries(
      parameters
        .filter(({ optional }) => !optional)
        .map(({ name: member, type, array }) => [member, array ? [] : VALUES[type]]),
    );
  };
  const VALUES: Readonly<Record<string, unknown>> = {
    string: '',
    int: 1,
    boolean: false,
    ManagedObjectReference: ROOT,
    KeyProviderId: other,
    KmipServerSpec: { clusterId: other, info: NOWHERE },
    KmipServerInfo: NOWHERE,
    CryptoKeyId: key('a'),
    CryptoKeyPlain: { keyId: key('a'), algorithm: '', keyData: '' },
    CryptoManagerKmipCustomAttributeSpec: {},
    ID: { id: '' },
  };
  const idOf = async (type: string): Promise<string> => {
    const { machines, hosts } = await inventory();
    const ids: Readonly<Record<string, string>> = {
      CryptoManagerKmip: 'CryptoManager',
      SessionManager: 'SessionManager',
      AuthorizationManager: 'AuthorizationManager',
      ViewManager: 'ViewManager',
      VcenterVStorageObjectManager: 'VStorageObjectManager',
      ClusterComputeResource: 'domain-c10',
      VirtualMachine: machines[0]!.id,
      HostSystem: hosts[0]!.id,
      CryptoManagerHostKMS: `crypto-${hosts[0]!.id}`,
    };
    return ids[type] ?? '';
  };

  it.each(asked)('%s names what is missing', async (name, type, privilege, at) => {
    await vcenter.loginWithout(privilege);
    const id = await idOf(type);
    const entity = at === 'root' ? ROOT.value : id;
    expect((await vcenter.post(`${type}/${id}/${name}`, bodyOf(name))).body).toMatchObject({
      _typeName: 'NoPermission',
      privilegeId: privilege,
      missingPrivileges: [{ entity: { value: entity }, privilegeIds: [privilege] }],
    });
  });

  it.each([
    ['Cryptographer.Encrypt', 'CryptoSpecEncrypt', { cryptoKeyId: key() }, policy],
    ['Cryptographer.Decrypt', 'CryptoSpecDecrypt', {}, [{ _typeName: 'VirtualMachineEmptyProfileSpec' }]],
    ['Cryptographer.Recrypt', 'CryptoSpecShallowRecrypt', { newKeyId: key() }, undefined],
    ['Cryptographer.Recrypt', 'CryptoSpecDeepRecrypt', { newKeyId: key() }, policy],
    ['Cryptographer.RegisterVM', 'CryptoSpecRegister', { cryptoKeyId: key() }, undefined],
  ])('%s is asked for by %s, at the machine', async (privilege, _typeName, members, vmProfile) => {
    const { id } = await machine('web');
    await vcenter.loginWithout(`${privilege}@${id}`);
    const spec = { crypto: { _typeName, ...members }, ...(vmProfile && { vmProfile }) };
    expect((await vcenter.post(`VirtualMachine/${id}/ReconfigVM_Task`, { spec })).body).toMatchObject({
      _typeName: 'NoPermission',
      privilegeId: privilege,
      object: { value: id },
    });
  });
});

it('faults stand in data inline or in SOAP’s wrapper', async () => {
  const failed = async (): Promise<TaskInfo['error']> =>
    (await reconfigure('web', { changeVersion: 'before' })()) as never;
  expect(await failed()).toMatchObject({
    _typeName: 'ConcurrentAccess',
    faultMessage: [{ message: expect.any(String) as string }],
  });
  await vcenter.admin('POST', '/behaviour', { faultsInData: 'wrapped' });
  expect(await failed()).toMatchObject({
    _typeName: 'LocalizedMethodFault',
    fault: { _typeName: 'ConcurrentAccess' },
    localizedMessage: expect.any(String) as string,
  });
  await vcenter.admin('DELETE', '/behaviour');
});
