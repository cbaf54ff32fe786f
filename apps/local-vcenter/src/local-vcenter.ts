import { X509Certificate } from 'node:crypto';

import { type AboutInfo } from '@lib/vi-json';
import { announce, FaultBoard, MovableClock, RowStore, urlOf } from '@lib/stand-in';
import { type FastifyInstance } from 'fastify';

import { registerAdmin } from './admin/admin.routes';
import { Behaviour } from './behaviour';
import { type Center } from './center';
import { CallLog } from './http/call-log';
import { registerNegotiation } from './http/negotiation.routes';
import { createServer } from './http/server';
import { strikes } from './http/traffic';
import { registerSoap } from './http/soap.routes';
import { registerViJson } from './http/vi-json.routes';
import { ensureSettings } from './identity';
import { INVENTORY_KINDS } from './kinds/inventory-kinds';
import { SERVICE_KINDS } from './kinds/service-kinds';
import { HostCrypto } from './inventory/host-crypto';
import { HostKeys } from './inventory/host-keys';
import { Inventory } from './inventory/inventory';
import { MachineCrypto } from './inventory/machine-crypto';
import { seedRows } from './inventory/seed';
import { VsanCrypto } from './inventory/vsan-crypto';
import { KeyProviders } from './kmip/key-providers';
import { KeyServers } from './kmip/key-servers';
import { KmipLog } from './kmip/kmip-log';
import { ProviderHealth } from './kmip/provider-health';
import { ProviderKeys } from './kmip/provider-keys';
import { ManagedObjects } from './managed-objects';
import { type CenterStore, type Rows, type SettingsRow } from './rows';
import { Sessions } from './sessions';
import { fateOf } from './task-fate';
import { Tasks } from './tasks';
import { ADMINISTRATOR, Users } from './users';

export interface LocalVcenterOptions {
  /** Default 127.0.0.1: this is a stand-in for development and must not face a network. */
  readonly host?: string | undefined;
  /** Default 0: the system chooses. */
  readonly port?: number | undefined;
  /** Absent: everything lives in memory and ends with the process. */
  readonly dataFolder?: string | undefined;
  /** Absent: no log. */
  readonly logLevel?: string | undefined;
  /** Of administrator@vsphere.local. */
  readonly password: string;
  /** Of a new inventory. Absent or 0: none is made. */
  readonly machines?: number | undefined;
  /** Of a new one: certificates of an earlier one, which take a while to make. Default: its own, made at the first start. */
  readonly settings?: SettingsRow | undefined;
}

export interface LocalVcenter {
  readonly app: FastifyInstance;
  readonly center: Center;
  readonly url: string;
  readonly adminUrl: string;
  /** SHA-256 of the web server's certificate, in colon form. */
  readonly fingerprint: string;
  start(): Promise<LocalVcenter>;
  close(): Promise<void>;
}

const DEFAULT_SEED = 1;

/** Builds the stand-in for a vCenter; nothing listens before `start`. */
export async function createLocalVcenter(options: LocalVcenterOptions): Promise<LocalVcenter> {
  const { dataFolder, host = '127.0.0.1' } = options;
  const store = dataFolder === undefined ? RowStore.inMemory<Rows>() : await RowStore.open<Rows>(dataFolder);
  if (options.settings !== undefined && store.get('settings', 'settings') === undefined) {
    await store.commit(['settings', 'settings', options.settings]);
  }
  const settings = await ensureSettings(store, host);
  await ensureAdministrator(store, options.password);
  const center = createCenter(store, settings);
  const { machines = 0 } = options;
  if (machines > 0 && center.inventory.vms().length === 0) {
    await center.inventory.put(...seedRows({ machines, seed: DEFAULT_SEED, mix: 'usual' }));
  }
  const app = createServer(settings.web, options.logLevel);
  let url = '';
  registerAdmin(app, center, () => url);
  registerNegotiation(app);
  registerViJson(app, center);
  registerSoap(app, center);

  const vcenter: LocalVcenter = {
    app,
    center,
    fingerprint: new X509Certificate(settings.web.certificate).fingerprint256,
    get url() {
      return url;
    },
    get adminUrl() {
      return `${url}/admin`;
    },
    async start() {
      await app.listen({ host, port: options.port ?? 0 });
      url = urlOf('https', host, app.server);
      center.health.start();
      await announce(dataFolder, 'local-vcenter', url, { fingerprint: vcenter.fingerprint });
      return vcenter;
    },
    async close() {
      await app.close();
      await center.tasks.close();
      await center.health.stop();
      await center.hosts.settled();
      await center.keys.settled();
      await store.close();
    },
  };
  return vcenter;
}

function createCenter(store: CenterStore, settings: SettingsRow): Center {
  const clock = new MovableClock();
  clock.moveTo(settings.clockOffsetMs);
  const behaviour = new Behaviour();
  const providers = new KeyProviders(store);
  const keyServers = new KeyServers(providers, clock, behaviour, new KmipLog());
  const now = (): Date => clock.now();
  const keys = new ProviderKeys(store, keyServers, settings.version, now);
  const hostKeys = new HostKeys(store, providers, keys);
  const inventory = new Inventory(store, (key) => hostKeys.drop(key));
  const hosts = new HostCrypto(store, inventory, providers, keys, hostKeys);
  const faults: Center['faults'] = new FaultBoard(strikes);
  const center: Center = {
    store,
    clock,
    behaviour,
    users: new Users(store, () => clock.monotonicMs()),
    sessions: new Sessions(clock),
    tasks: new Tasks(clock, behaviour, ({ entity, name, userName }) =>
      fateOf(faults, { type: entity?.type ?? '', object: entity?.value ?? '', method: name, user: userName }),
    ),
    faults,
    calls: new CallLog(),
    providers,
    keyServers,
    keys,
    hostKeys,
    inventory,
    hosts,
    machines: new MachineCrypto({ inventory, providers, keys, hostKeys, hosts, behaviour, now }),
    vsan: new VsanCrypto(store, inventory, hosts, hostKeys),
    health: new ProviderHealth(clock, behaviour, providers, keyServers),
    objects: new ManagedObjects([...SERVICE_KINDS, ...INVENTORY_KINDS], () => center),
    about: aboutInfo(settings),
  };
  return center;
}

/** The build is a real one of 8.0.3 (Update 3e or later matters to known faults); the patch level is an example. */
function aboutInfo({ version, instanceUuid }: SettingsRow): AboutInfo {
  const [release = '', build = ''] = version.split(' build-');
  return {
    _typeName: 'AboutInfo',
    name: 'VMware vCenter Server',
    fullName: `VMware vCenter Server ${release} build-${build}`,
    vendor: 'VMware, Inc.',
    version: release,
    patchLevel: '00400',
    build,
    localeVersion: 'INTL',
    localeBuild: '000',
    osType: 'linux-x64',
    productLineId: 'vpx',
    apiType: 'VirtualCenter',
    apiVersion: `${release}.0`,
    instanceUuid,
    licenseProductName: 'VMware VirtualCenter Server',
    licenseProductVersion: '8.0',
  };
}

async function ensureAdministrator(store: CenterStore, password: string): Promise<void> {
  const known = store.get('user', ADMINISTRATOR);
  if (known?.password === password) return;
  await store.commit([
    'user',
    ADMINISTRATOR,
    { name: ADMINISTRATOR, role: 'administrator', without: [], ...known, password },
  ]);
}
