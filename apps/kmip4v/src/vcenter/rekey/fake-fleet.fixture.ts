import {
  type CryptoKeyId,
  reference,
  ViConnectionError,
  type ViRequest,
  type ViResponse,
  ViSession,
  type ViTransport,
  type VirtualDevice,
  type VirtualMachineConfigSpec,
} from '@lib/vi-json';

interface Machine {
  readonly name: string;
  keyId: CryptoKeyId;
  disks: VirtualDevice[];
  version: number;
  /** How often it was re-keyed: more than once is once too often. */
  rekeyed: number;
}

/** Machines that are re-keyed by tasks, each done at the second look. Requests fail where a test says. */
export class FakeFleet implements ViTransport {
  readonly machines = new Map<string, Machine>();
  readonly madeKeys: string[] = [];
  /** What the keys bear, as the key server has it. */
  readonly attributes = new Map<string, Readonly<Record<string, string>>>();
  /** Before or after a request is carried out; throws to cut it. */
  before: (name: string) => void = () => undefined;
  after: (name: string) => void = () => undefined;
  /** Faults that a machine's task ends with, each once. */
  readonly taskFaults = new Map<string, object[]>();
  atOnce = 0;
  #running = 0;
  readonly #tasks = new Map<
    string,
    { machine: string; spec: VirtualMachineConfigSpec; looks: number; ended?: object }
  >();

  constructor(count: number, provider: string) {
    for (let index = 0; index < count; index++) {
      const keyId = { keyId: `old-${index}`, providerId: { id: provider } };
      const disk = { _typeName: 'VirtualDisk', key: 2000, backing: { keyId } };
      const linked = { _typeName: 'VirtualDisk', key: 2001, backing: { keyId, parent: { keyId } } };
      this.machines.set(`vm-${index}`, { name: `app${index}`, keyId, disks: [disk, linked], version: 1, rekeyed: 0 });
    }
  }

  async session(): Promise<ViSession> {
    return await ViSession.open({ transport: this, credentials: { userName: 'a', password: 'b' } });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async exchange(request: ViRequest): Promise<ViResponse> {
    const [object = '', name = ''] = request.path.split('/').slice(-2);
    this.before(name);
    const result = this.#perform(object, name, request.body);
    this.after(name);
    return await Promise.resolve(result);
  }

  #perform(object: string, name: string, body = '{}'): ViResponse {
    if (name.startsWith('system?')) return json(200, { api_release: '8.0.3.0' });
    if (name === 'content') return json(200, CONTENT);
    if (name === 'Login') return json(200, { key: 'k' }, 'token');
    if (name === 'GenerateKey') {
      const keyId = `new-${this.madeKeys.length}`;
      this.madeKeys.push(keyId);
      this.attributes.set(keyId, attributesIn(body));
      return json(200, { keyId: { keyId, providerId: { id: 'ours' } }, success: true });
    }
    if (name === 'ReconfigVM_Task') return this.#reconfigure(object, body);
    if (name === 'RetrievePropertiesEx') return this.#read(body);
    throw new Error(`the fake fleet has no ${name}`);
  }

  #reconfigure(object: string, body: string): ViResponse {
    const { spec } = JSON.parse(body) as { spec: VirtualMachineConfigSpec };
    const busy = Array.from(this.#tasks.values()).some(({ machine, ended }) => machine === object && !ended);
    if (busy) return json(500, { _typeName: 'TaskInProgress', faultstring: 'busy' });
    const machine = this.machines.get(object);
    if (String(machine?.version) !== spec.changeVersion) return json(500, { _typeName: 'ConcurrentAccess' });
    const task = `task-${this.#tasks.size + 1}`;
    this.#tasks.set(task, { machine: object, spec, looks: 0 });
    this.#running += 1;
    this.atOnce = Math.max(this.atOnce, this.#running);
    return json(200, reference('Task', task));
  }

  #read(body: string): ViResponse {
    const { specSet } = JSON.parse(body) as { specSet: { objectSet: { obj: { type: string; value: string } }[] }[] };
    const objects = (specSet[0]?.objectSet ?? []).flatMap(({ obj }) =>
      obj.type === 'Task' ? this.#task(obj.value) : this.#machine(obj.value),
    );
    return json(200, { objects });
  }

  #task(id: string): readonly object[] {
    const task = this.#tasks.get(id);
    if (task === undefined) return [];
    if (++task.looks === 2) task.ended = this.#finish(task.machine, task.spec);
    const info = { task: reference('Task', id), descriptionId: 'VirtualMachine.reconfigure', state: 'running' };
    return [{ obj: reference('Task', id), propSet: [{ name: 'info', val: { ...info, ...task.ended } }] }];
  }

  #finish(id: string, spec: VirtualMachineConfigSpec): object {
    this.#running -= 1;
    const fault = this.taskFaults.get(id)?.shift();
    if (fault !== undefined) return { state: 'error', error: fault };
    const machine = this.machines.get(id);
    if (machine === undefined || spec.crypto?._typeName !== 'CryptoSpecShallowRecrypt') return { state: 'error' };
    const { newKeyId } = spec.crypto;
    machine.keyId = newKeyId;
    machine.disks = (spec.deviceChange ?? []).map(({ device, backing }) => ({
      ...device,
      backing: {
        ...device.backing,
        ...(backing?.crypto && { keyId: newKeyId }),
        ...(backing?.parent?.crypto && { parent: { keyId: newKeyId } }),
      },
    }));
    machine.version += 1;
    machine.rekeyed += 1;
    return { state: 'success' };
  }

  #machine(id: string): readonly object[] {
    const machine = this.machines.get(id);
    if (machine === undefined) return [];
    const properties = {
      name: machine.name,
      'config.changeVersion': String(machine.version),
      'config.keyId': machine.keyId,
      'config.hardware.device': machine.disks,
    };
    const propSet = Object.entries(properties).map(([name, val]) => ({ name, val }));
    return [{ obj: reference('VirtualMachine', id), propSet }];
  }
}

export const lost = (): never => {
  throw new ViConnectionError('unreachable', 'cut');
};

const CONTENT = {
  rootFolder: reference('Folder', 'group-d1'),
  propertyCollector: reference('PropertyCollector', 'propertyCollector'),
  sessionManager: reference('SessionManager', 'SessionManager'),
  cryptoManager: reference('CryptoManagerKmip', 'CryptoManager'),
  about: { apiType: 'VirtualCenter', fullName: 'VMware vCenter Server 8.0.3', version: '8.0.3', build: '24322831' },
};

function json(status: number, value: unknown, token?: string): ViResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'vmware-api-session-id': token },
    body: JSON.stringify(value),
  };
}

function attributesIn(body: string): Readonly<Record<string, string>> {
  const { spec } = JSON.parse(body) as { spec?: { attributes?: { key: string; value: string }[] } };
  return Object.fromEntries((spec?.attributes ?? []).map(({ key, value }) => [key, value]));
}
