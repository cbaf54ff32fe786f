import {
  type CryptoKeyId,
  type DiskBacking,
  type ObjectContent,
  type RetrieveResult,
  type TaskInfo,
  type VirtualMachineConfigInfo,
  type VirtualMachineConfigSpec,
  type VirtualMachineRuntimeInfo,
} from '@lib/vi-json';

import { UNKIND } from '../src/behaviour';
import { type Proof } from '../src/inventory/proof';
import { type KmipEntry } from '../src/kmip/kmip-log';
import { type HostRow, type VmRow } from '../src/rows';
import { KmipServer } from './kmip-server.fixture';
import { TestVcenter } from './test-vcenter';

let vcenter: TestVcenter;
let ibm: KmipServer;
let ours: KmipServer;

beforeEach(async () => {
  [ibm, ours] = await Promise.all([KmipServer.start(), KmipServer.start()]);
  vcenter = await TestVcenter.start();
  await vcenter.login();
  await vcenter.connect('ibm', ibm);
  await vcenter.connect('ours', ours);
  await vcenter.admin('POST', '/inventory', { machines: 10 });
  await vcenter.admin('POST', '/inventory/encrypt', { provider: 'ibm' });
});

afterEach(async () => {
  await vcenter.close();
  await Promise.all([ibm.close(), ours.close()]);
});

const machines = async (): Promise<readonly VmRow[]> =>
  (await vcenter.admin<{ machines: readonly VmRow[] }>('GET', '/inventory')).machines;
const hosts = async (): Promise<readonly HostRow[]> =>
  (await vcenter.admin<{ hosts: readonly HostRow[] }>('GET', '/inventory')).hosts;
const machine = async (profile: string): Promise<VmRow> =>
  (await machines()).find(({ name }) => name.startsWith(`${profile}-`))!;
const prove = (): Promise<Proof> => vcenter.admin<Proof>('POST', '/inventory/prove');
const configOf = async ({ id }: VmRow): Promise<VirtualMachineConfigInfo> =>
  (await vcenter.get(`VirtualMachine/${id}/config`)).body as VirtualMachineConfigInfo;
const runtimeOf = async ({ id }: VmRow): Promise<VirtualMachineRuntimeInfo> =>
  (await vcenter.get(`VirtualMachine/${id}/runtime`)).body as VirtualMachineRuntimeInfo;

/** Home and every link of every disk get the key, devices sent as they were read. */
async function shallowSpec(vm: VmRow, newKeyId: CryptoKeyId): Promise<VirtualMachineConfigSpec> {
  const { changeVersion, hardware } = await configOf(vm);
  const crypto = { _typeName: 'CryptoSpecShallowRecrypt', newKeyId } as const;
  const backing = (link: DiskBacking): object => ({
    ...(link.keyId && { crypto }),
    ...(link.parent && { parent: backing(link.parent) }),
  });
  return {
    changeVersion,
    crypto,
    deviceChange: (hardware.device ?? []).flatMap((device) =>
      device.backing?.keyId === undefined ? [] : [{ operation: 'edit', device, backing: backing(device.backing) }],
    ),
  };
}

async function recrypt(vm: VmRow, provider = 'ours'): Promise<TaskInfo> {
  const spec = await shallowSpec(vm, await vcenter.generateKey(provider));
  return await vcenter.ended(await vcenter.call(`VirtualMachine/${vm.id}/ReconfigVM_Task`, { spec }));
}

it('never puts more objects on a page than were asked for', async () => {
  const view = await vcenter.call<object>('ViewManager/ViewManager/CreateContainerView', {
    container: { type: 'Folder', value: 'group-d1' },
    type: ['VirtualMachine'],
    recursive: true,
  });
  const selectSet = [{ _typeName: 'TraversalSpec', name: 'view', type: 'ContainerView', path: 'view' }];
  const objectSet = [{ obj: view, skip: true, selectSet }];
  const sizes: number[] = [];
  let page = await vcenter.call<RetrieveResult>('PropertyCollector/propertyCollector/RetrievePropertiesEx', {
    specSet: [{ propSet: [{ type: 'VirtualMachine', pathSet: ['name'] }], objectSet }],
    options: { maxObjects: 4 },
  });
  for (sizes.push(page.objects.length); page.token !== undefined; sizes.push(page.objects.length)) {
    page = await vcenter.call('PropertyCollector/propertyCollector/ContinueRetrievePropertiesEx', {
      token: page.token,
    });
  }
  expect(sizes).toEqual([4, 4, 2]);
});

it('shows every machine through a view, page by page, with its keys and the files of its snapshots', async () => {
  await vcenter.admin('POST', '/behaviour', UNKIND);
  const view = await vcenter.call<object>('ViewManager/ViewManager/CreateContainerView', {
    container: { type: 'Folder', value: 'group-d1' },
    type: ['VirtualMachine'],
    recursive: true,
  });
  const pages: RetrieveResult[] = [];
  let page = await vcenter.call<RetrieveResult>('PropertyCollector/propertyCollector/RetrievePropertiesEx', {
    specSet: [
      {
        propSet: [{ type: 'VirtualMachine', pathSet: ['name', 'config.keyId', 'config.hardware.device', 'snapshot'] }],
        objectSet: [
          {
            obj: view,
            skip: true,
            selectSet: [{ _typeName: 'TraversalSpec', name: 'view', type: 'ContainerView', path: 'view' }],
          },
        ],
      },
    ],
    options: { maxObjects: 4 },
  });
  pages.push(page);
  while (page.token !== undefined) {
    const { token } = page;
    page = await vcenter.call<RetrieveResult>('PropertyCollector/propertyCollector/ContinueRetrievePropertiesEx', {
      token,
    });
    pages.push(page);
    expect(
      await vcenter.post('PropertyCollector/propertyCollector/ContinueRetrievePropertiesEx', { token }),
    ).toMatchObject({ status: 500, body: { _typeName: 'InvalidProperty', name: 'token' } });
  }
  expect(pages.map(({ objects }) => objects.length)).toEqual([3, 3, 3, 1]);

  const shown = pages.flatMap(({ objects }) => objects);
  const property = (object: ObjectContent, name: string): unknown =>
    object.propSet?.find((one) => one.name === name)?.val;
  const names = shown.map((object) => (property(object, 'name') as { _value: string })._value);
  expect(names).toEqual((await machines()).map(({ name }) => name));
  const plain = shown[names.findIndex((name) => name.startsWith('plain'))]!;
  expect(property(plain, 'config.keyId')).toBeUndefined();
  expect(plain.missingSet).toBeUndefined();
  const payroll = shown[names.findIndex((name) => name.startsWith('payroll'))]!;
  const { _value: devices } = property(payroll, 'config.hardware.device') as { _value: { backing?: DiskBacking }[] };
  const [disk] = devices.flatMap(({ backing }): DiskBacking[] => (backing ? [backing] : []));
  const home = property(payroll, 'config.keyId') as CryptoKeyId;
  expect(home).toMatchObject({ _typeName: 'CryptoKeyId', providerId: { id: 'ibm' } });
  for (const link of [disk, disk?.parent, disk?.parent?.parent]) expect(link?.keyId?.keyId).toBe(home.keyId);
  expect(disk?.parent?.parent?.parent).toBeUndefined();
});

it('recrypts from one key server to another; what is sealed opens with the new key alone', async () => {
  const before = await prove();
  expect(before.opened).toBe(before.sealed);
  expect(before.byProvider).toEqual({ ibm: before.sealed });
  for (const vm of await machines()) {
    if (vm.home === undefined) continue;
    const { error, state } = await recrypt(vm);
    // Its host is one of those with the fault of KB 387897, and it runs with changed-block tracking.
    if (vm.changeTracking) expect(error).toMatchObject({ _typeName: 'InvalidState' });
    else expect([vm.name, state, error]).toEqual([vm.name, 'success', undefined]);
  }
  const backup = await machine('backup');
  expect([backup.power, backup.home?.providerId]).toEqual(['poweredOff', 'ibm']);
  expect((await recrypt(backup)).state).toBe('success');
  await ibm.close();
  const after = await prove();
  const rest = after.byProvider['ibm'] ?? 0;
  // The first-class disk that is attached to nothing, and the two hosts with vSAN.
  expect([after.opened, rest]).toEqual([before.sealed - 3, 3]);
});

it('gives keys their owner, and makes their hosts crypto safe', async () => {
  const [vm, host] = [await machine('database'), (await hosts())[0]!];
  const { attributes } = await ibm.engine.perform('GetAttributes', {
    uniqueIdentifier: vm.home!.keyId,
    attributeNames: ['x-Name', 'x-Component', 'x-Identifier', 'State'],
  });
  expect(attributes.map(({ attributeValue }) => attributeValue?.value)).toEqual([
    vm.name,
    'Virtual Machine',
    vm.instanceUuid,
    2,
  ]);
  expect(host).toMatchObject({ cryptoState: 'safe', hostKey: { providerId: 'ibm' } });
});

it('fetches keys again after a host was booted: of homes at once, of disks when they are powered on', async () => {
  const vm = await machine('database');
  await vcenter.admin('DELETE', '/kmip');
  await vcenter.admin('POST', `/hosts/${vm.host}/reboot`);
  const fetched = async (): Promise<string[]> =>
    (await vcenter.admin<KmipEntry[]>('GET', '/kmip')).flatMap(({ action, keyId }) =>
      action === 'use' ? (keyId ?? '') : [],
    );
  const afterBoot = await fetched();
  const neighbours = (await machines()).filter(({ host, home }) => host === vm.host && home !== undefined);
  expect(afterBoot).toEqual(expect.arrayContaining(neighbours.map(({ home }) => home!.keyId)));
  expect(await runtimeOf(vm)).toMatchObject({ powerState: 'poweredOff', cryptoState: 'unlocked' });

  const task = await vcenter.ended(await vcenter.call(`VirtualMachine/${vm.id}/PowerOnVM_Task`));
  expect(task.state).toBe('success');
  const ownKeys = new Set(Object.values(vm.sealed).map(({ keyId }) => keyId));
  expect(new Set((await fetched()).slice(afterBoot.length))).toEqual(ownKeys);
});

it('locks machines whose key cannot be had, and unlocks them when it can', async () => {
  const vm = await machine('database');
  const key = vm.home!.keyId;
  await ibm.engine.perform('Revoke', { uniqueIdentifier: key, revocationReason: { revocationReasonCode: 1 } });
  await ibm.engine.perform('Destroy', { uniqueIdentifier: key });
  await vcenter.admin('POST', `/hosts/${vm.host}/reboot`);
  expect(await runtimeOf(vm)).toMatchObject({ cryptoState: 'locked', connectionState: 'connected' });
  const powered = await vcenter.ended(await vcenter.call(`VirtualMachine/${vm.id}/PowerOnVM_Task`));
  expect(powered.error).toMatchObject({
    _typeName: 'EncryptionKeyRequired',
    requiredKey: [{ keyId: key, providerId: { id: 'ibm' } }],
  });
  const unlocked = await vcenter.ended(await vcenter.call(`VirtualMachine/${vm.id}/CryptoUnlock_Task`));
  expect(unlocked.error).toMatchObject({ _typeName: 'InvalidVmState', vm: { value: vm.id } });
  await vcenter.admin('POST', '/behaviour', { lockedConfig: 'gone' });
  expect(await runtimeOf(vm)).toMatchObject({ cryptoState: 'locked', connectionState: 'invalid' });
  expect((await vcenter.get(`VirtualMachine/${vm.id}/config`)).status).toBe(204);

  const other = await machine('archive');
  await ibm.close();
  await vcenter.admin('POST', `/hosts/${other.host}/reboot`);
  expect(await runtimeOf(other)).toMatchObject({ cryptoState: 'locked' });
});

it('lets the hosts of a vSAN cluster fetch its keys by themselves', async () => {
  const [host] = (await hosts()).filter(({ cluster }) => cluster === 'domain-c11');
  await vcenter.admin('DELETE', '/kmip');
  await vcenter.admin('POST', `/hosts/${host!.id}/reboot`);
  const own = (await vcenter.admin<KmipEntry[]>('GET', '/kmip')).filter(({ by }) => by === host!.name);
  expect(own.map(({ action, failure }) => [action, failure])).toEqual([
    ['use', undefined],
    ['use', undefined],
  ]);
  const status = await vcenter.call('CryptoManagerKmip/CryptoManager/QueryCryptoKeyStatus', {
    keyIds: [{ keyId: own[0]!.keyId, providerId: { id: 'ibm' } }],
    checkKeyBitMap: 15,
  });
  expect(status).toMatchObject([{ keyAvailable: true, referencedByTags: ['vSAN'] }]);
});

it('a recrypt that is cut leaves some with the old key and some with the new, and can be repeated', async () => {
  const vm = await machine('database');
  await vcenter.admin('POST', '/faults', {
    match: { object: vm.id },
    effect: { kind: 'cut_task', after: 2 },
    count: 1,
  });
  const { error } = await recrypt(vm);
  expect(error).toMatchObject({ _typeName: 'SystemError' });
  const mixed = await machine('database');
  expect(new Set([mixed.home, ...Object.values(mixed.sealed)].map((seal) => seal?.providerId))).toEqual(
    new Set(['ours', 'ibm']),
  );
  expect((await prove()).opened).toBe((await prove()).sealed);
  expect((await recrypt(mixed)).state).toBe('success');
  const done = await machine('database');
  expect([done.home, ...Object.values(done.sealed)].map((seal) => seal?.providerId)).toEqual([
    'ours',
    'ours',
    'ours',
    'ours',
  ]);
});

describe('tasks', () => {
  it('take the time they are given, show how far they are, and can be cancelled', async () => {
    await vcenter.admin('POST', '/behaviour', { taskSeconds: 100, queueSeconds: 10 });
    const vm = await machine('web');
    const spec = await shallowSpec(vm, await vcenter.generateKey('ours'));
    const { value } = await vcenter.call<{ value: string }>(`VirtualMachine/${vm.id}/ReconfigVM_Task`, { spec });
    const info = async (): Promise<TaskInfo> => (await vcenter.get(`Task/${value}/info`)).body as TaskInfo;
    expect(await info()).toMatchObject({ state: 'queued', cancelable: true, entity: { value: vm.id } });
    await vcenter.advance(10);
    await vcenter.advance(50);
    expect(await info()).toMatchObject({ state: 'running', progress: 45 });
    const busy = await vcenter.post(`VirtualMachine/${vm.id}/PowerOffVM_Task`);
    expect(busy).toMatchObject({ status: 500, body: { _typeName: 'TaskInProgress', task: { value } } });
    expect((await vcenter.post(`Task/${value}/CancelTask`)).status).toBe(204);
    expect(await info()).toMatchObject({ state: 'error', cancelled: true, error: { _typeName: 'RequestCanceled' } });
    expect((await machine('web')).home?.providerId).toBe('ibm');
    await vcenter.advance(601);
    expect((await vcenter.get(`Task/${value}/info`)).body).toMatchObject({ _typeName: 'ManagedObjectNotFound' });
  });
});
