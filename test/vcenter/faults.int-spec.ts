import { FAULT_PARENTS } from '@lib/vi-json';

import { METHODS } from '../../apps/local-vcenter/src/methods/table';
import { type HostRow, type VmRow } from '../../apps/local-vcenter/src/rows';
import { type Ran, Workshop } from './support/workshop';

const CONNECT = ['connect', '--provider', 'faulty', '--credential', '--default'];
const csr = [...CONNECT, '--trust', 'csr'];
const pair = [...CONNECT, '--trust', 'pair'];
const MIGRATE = ['migrate', '--from', 'theirs', '--to', 'ours', '--policy', 'policy-1', '--anew', '--only'];
const INVENTORY = ['inventory'];

/** Which command comes by each method. What is named in capitals is put in by the test. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  Login: INVENTORY,
  HasPrivilegeOnEntities: INVENTORY,
  RetrievePropertiesEx: INVENTORY,
  ContinueRetrievePropertiesEx: INVENTORY,
  CreateContainerView: INVENTORY,
  ListVStorageObject: INVENTORY,
  RetrieveVStorageObject: INVENTORY,
  RegisterKmipServer: CONNECT,
  UpdateKmipServer: CONNECT,
  UploadKmipServerCert: CONNECT,
  GenerateSelfSignedClientCert: CONNECT,
  RetrieveSelfSignedClientCert: CONNECT,
  UpdateSelfSignedClientCert: CONNECT,
  RetrieveClientCert: CONNECT,
  GenerateClientCsr: csr,
  UpdateKmsSignedCsrClientCert: csr,
  UploadClientCert: pair,
  GenerateKey: CONNECT,
  GetDefaultKmsCluster: CONNECT,
  MarkDefault: CONNECT,
  ReconfigVM_Task: [...MIGRATE, 'MACHINE'],
  ConfigureCryptoKey: [...MIGRATE, 'HOST'],
  UpdateVStorageObjectCrypto_Task: [...MIGRATE, 'DISK'],
  CryptoUnlock_Task: ['unlock', '--yes'],
};

/** Called by the tool never, or only to take something back; then what failed before is what is told. */
const NOT_TOLD = [
  'CancelRetrievePropertiesEx',
  'CancelTask',
  'RemoveKmipServer',
  'RegisterKmsCluster',
  'UnregisterKmsCluster',
  'SetDefaultKmsCluster',
  'IsKmsClusterActive',
  'RetrieveClientCsr',
  'RemoveKey',
  'AddKey',
  'AddKeys',
  'PowerOnVM_Task',
  'PowerOffVM_Task',
  'PrepareCrypto',
  'SetCryptoMode',
  'RemoveAllSnapshots_Task',
  'PromoteDisks_Task',
];

const ROOT = { type: 'Folder', value: 'group-d1' };
/** Members of the types that have any, and what a sentence says of them. */
const MEMBERS: Readonly<Record<string, readonly [members: object, shown: string]>> = {
  NoPermission: [
    { object: ROOT, privilegeId: 'A.B', missingPrivileges: [{ entity: ROOT, privilegeIds: ['C.D'] }] },
    'Missing: A.B on Folder:group-d1, C.D on Folder:group-d1.',
  ],
  InvalidArgument: [{ invalidProperty: 'server.info.name' }, 'invalidProperty server.info.name'],
  MethodNotFound: [{ receiver: ROOT, method: 'Unheard' }, 'receiver Folder:group-d1, method Unheard'],
  InvalidType: [{ argument: 'spec' }, 'argument spec'],
  ManagedObjectNotFound: [{ obj: ROOT }, 'obj Folder:group-d1'],
  SystemError: [{ reason: 'no memory' }, 'reason no memory'],
  InvalidProperty: [{ name: 'nome' }, 'name nome'],
  InvalidPowerState: [{ requestedState: 'poweredOff', existingState: 'poweredOn' }, 'existingState poweredOn'],
  InvalidVmState: [{ vm: { type: 'VirtualMachine', value: 'vm-1' } }, 'vm VirtualMachine:vm-1'],
  EncryptionKeyRequired: [
    { requiredKey: [{ keyId: 'k-1', providerId: { id: 'kp' } }, { keyId: 'k-2' }] },
    'requiredKey k-1 of kp and k-2',
  ],
  ResourceInUse: [{ type: 'VirtualMachine', name: 'db01' }, 'type VirtualMachine, name db01'],
  TaskInProgress: [{ task: { type: 'Task', value: 'task-9' } }, 'task Task:task-9'],
  AlreadyExists: [{ name: 'kp' }, 'name kp'],
  DuplicateName: [{ name: 'kp', object: ROOT }, 'name kp, object Folder:group-d1'],
  FileFault: [{ file: '[ds] db01.vmdk' }, 'file [ds] db01.vmdk'],
  InvalidDatastore: [{ name: 'nfs-7' }, 'name nfs-7'],
  InvalidDeviceSpec: [{ property: 'backing', deviceIndex: 1 }, 'property backing, deviceIndex 1'],
};

describe('what goes wrong in vCenter, in its own words and with what to do', () => {
  let workshop: Workshop;
  let objects: Readonly<Record<string, string>>;

  beforeAll(async () => {
    workshop = await Workshop.start();
    await workshop.encrypted('theirs');
    await workshop.done('connect', '--provider', 'ours');
    const { machines, hosts } = await workshop.vcenter.admin<{ machines: readonly VmRow[]; hosts: readonly HostRow[] }>(
      'GET',
      '/inventory',
    );
    const machine = machines.find(({ name }) => name.startsWith('web-'))!;
    const references = (await workshop.done<{ references: { kind: string; name: string }[] }>('inventory')).references;
    objects = {
      MACHINE: machine.name,
      HOST: hosts.find(({ hostKey }) => hostKey !== undefined)!.name,
      DISK: references.find(({ kind }) => kind === 'first_class_disk')!.name,
    };
    await workshop.lock(machines.find(({ name }) => name.startsWith('desktop-'))!);
  });
  beforeEach(() => workshop.vcenter.admin('POST', '/behaviour', { pageSize: 3 }));
  afterEach(() => workshop.vcenter.admin('DELETE', '/faults'));
  afterAll(() => workshop.close());

  const run = async (words: readonly string[]): Promise<Ran> =>
    workshop.kmip4v(['vcenter', ...words.map((word) => objects[word] ?? word)]);
  const inject = (method: string, fault: string, where: 'call' | 'task', more: object = {}): Promise<unknown> => {
    const effect = {
      kind: 'fault',
      fault,
      message: `The words for ${fault}.`,
      members: MEMBERS[fault]?.[0] ?? {},
      in: where,
    };
    return workshop.vcenter.admin('POST', '/faults', { match: { method }, effect, ...more });
  };

  it('is asked of every method that declares a fault', () => {
    const declared = METHODS.filter(({ faults, taskFaults }) => faults.length + taskFaults.length > 0);
    const names = new Set(declared.map(({ name }) => name));
    const told = [...Object.keys(COMMANDS), ...NOT_TOLD];
    expect([...names].filter((name) => !told.includes(name))).toEqual([]);
  });

  const declared = METHODS.filter(({ name }) => COMMANDS[name] !== undefined).flatMap(
    ({ name, faults, taskFaults }) => [
      ...faults.map((fault) => [name, fault, 'call'] as const),
      ...taskFaults.map((fault) => [name, fault, 'task'] as const),
    ],
  );
  const isPassing = (method: string, fault: string): boolean =>
    COMMANDS[method]?.[0] === 'migrate' && ['TaskInProgress', 'ConcurrentAccess'].includes(fault);
  const lasting = declared.filter(([method, fault]) => !isPassing(method, fault));
  it.each(lasting)('%s: %s (%s)', async (method, fault, where) => {
    const [command, ...rest] = COMMANDS[method] ?? [];
    // A key that was made for an object is kept for it.
    const state = (): unknown => workshop.snapshot(command === 'migrate' ? 'without keys' : 'whole');
    const before = state();
    await inject(method, fault, where);
    const { exit, out, err } = await run([command ?? '', ...rest]);
    expect(out + err).toContain(`The words for ${fault} (${fault})`);
    expect(out + err).toMatch(/what to do: \w/i);
    // An inventory tells what it could not look at, and is one all the same.
    if (!method.includes('VStorageObject') || method.startsWith('Update')) expect(exit).not.toBe(0);
    expect(state()).toEqual(before);
  });

  const passing = declared.filter(([method, fault]) => isPassing(method, fault));
  it.each(passing)('%s: %s (%s) is over in a moment, and tried again', async (method, fault, where) => {
    await inject(method, fault, where, { count: 1 });
    const object = COMMANDS[method]?.at(-1) ?? '';
    const { out } = await run(['rekey', '--provider', 'ours', '--policy', 'policy-1', '--anew', '--only', object]);
    expect(out).toContain('1 done, 0 failed');
  });

  it.each(Object.keys(FAULT_PARENTS))('%s, as whatever it comes', async (fault) => {
    await inject('RegisterKmipServer', fault, 'call');
    const before = workshop.snapshot();
    const { exit, err } = await run(CONNECT);
    expect(exit).not.toBe(0);
    expect(err).toContain(`The words for ${fault} (${fault})`);
    expect(err).toMatch(/what to do: \w/);
    expect(err).toContain(MEMBERS[fault]?.[1] ?? '');
    expect(workshop.snapshot()).toEqual(before);
  });

  describe('keys that cannot be had', () => {
    const update = (port: number) => (server: { name: string; address: string }) =>
      workshop.vcenter.call('CryptoManagerKmip/CryptoManager/UpdateKmipServer', {
        server: { clusterId: { id: 'theirs' }, info: { ...server, port } },
      });
    const servers = async (): Promise<{ name: string; address: string; port: number }[]> => {
      const list = await workshop.vcenter.call<{ clusterId: { id: string }; servers: never[] }[]>(
        'CryptoManagerKmip/CryptoManager/ListKmipServers',
        {},
      );
      return list.find(({ clusterId }) => clusterId.id === 'theirs')?.servers ?? [];
    };

    beforeEach(() => workshop.vcenter.login());

    it('for a server that cannot be reached, as GenerateKey says in a 200 and QueryCryptoKeyStatus in a list', async () => {
      const before = await servers();
      await Promise.all(before.map(update(1)));
      const rekeyed = await run(['rekey', '--provider', 'theirs', '--anew', '--only', 'MACHINE']);
      expect(rekeyed.out).toContain('Failed to generate key on KMS 127.0.0.1');
      expect(rekeyed.out).toContain('Failed to generate key on key provider theirs, error 7');
      expect((await run(['inventory'])).out).toContain('KeyStateClusterUnreachable');
      for (const server of before) await update(server.port)(server);
    });

    it('for one that is gone, or suspended', async () => {
      const { references } = await workshop.done<{ references: { name: string; keyId: string; kind: string }[] }>(
        'inventory',
      );
      const keyOf = (profile: string): string =>
        references.find(({ name, kind }) => name.startsWith(profile) && kind === 'vm_home')?.keyId ?? '';
      workshop.tenant.forget(keyOf('legacy-'));
      workshop.tenant.suspend(keyOf('archive-'));
      const { out } = await run(['inventory']);
      expect(out).toContain('KeyStateMissingInKMS');
      expect(out).toContain('KeyStateNotActiveOrEnabled');
    });

    it('for a provider that is gone: under its name alone it is found', async () => {
      for (const { name } of await servers()) {
        const body = { clusterId: { id: 'theirs' }, serverName: name };
        await workshop.vcenter.call('CryptoManagerKmip/CryptoManager/RemoveKmipServer', body);
      }
      await workshop.vcenter.call('CryptoManagerKmip/CryptoManager/UnregisterKmsCluster', {
        clusterId: { id: 'theirs' },
      });
      expect((await run(['inventory'])).out).toContain('KeyStateClusterInvalid');
      const { machines } = await workshop.vcenter.admin<{ machines: readonly VmRow[] }>('GET', '/inventory');
      await workshop.vcenter.admin(
        'POST',
        `/hosts/${machines.find(({ name }) => name.startsWith('archive-'))?.host}/reboot`,
      );
      const { out } = await run(['unlock', '--dry-run']);
      expect(out).toContain('kmip4v vcenter connect --provider theirs');
    });
  });
});
