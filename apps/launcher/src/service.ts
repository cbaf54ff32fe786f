import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ensureAuditKeyFile, ensureServiceKeyFile, type LauncherConfig } from '@lib/config';
import { type Secret } from '@lib/kernel';
import { colonForm, ensureServerPki } from '@lib/pki';
import { quietly } from '@lib/platform';
import { NestFactory } from '@nestjs/core';

import { DemoSeed, demoClient, type DemoClientFiles } from './demo-seed';
import {
  auditKeys,
  BROKER_USER,
  gateway,
  localCloud,
  localCloudHosts,
  localCloudUrl,
  localVcenter,
  managementApi,
  managementUrl,
  ownDatabase,
  type Ports,
  type Setting,
  sharedEnvironment,
} from './children';
import { type ConnectionFile, writeConnectionFile } from './connection-file';
import { type ConsoleBuild, startConsoleBuild } from './console-build';
import { prepareDatabase, type ProcessUrls } from './database-logins';
import { type DemoTenant, demoTenant } from './demo-tenant';
import { DEMO_ROLES, iamIdOf } from './demo-users';
import { type SeededCloud, seedLocalCloud, SERVICE_NAME } from './local-cloud-seed';
import { choosePorts } from './ports';
import { PostgresKeeper } from './postgres-keeper';
import { SeedModule } from './seed.module';
import { Supervisor } from './supervisor';
import { vcenterConnection, vcenterPassword } from './vcenter-login';

interface Demo {
  readonly tenant: DemoTenant;
  readonly crn: string;
  readonly cloud: SeededCloud;
  readonly client: DemoClientFiles;
}

/** The whole product on one machine: database, stand-in cloud, management app and two KMIP endpoints. */
export class Service {
  readonly #supervisor: Supervisor;
  readonly #connectionFile: string;
  #postgres: PostgresKeeper | undefined;
  #describe: (() => ConnectionFile) | undefined;
  #vcenter: ConnectionFile['vcenter'];
  #vcenterIsStarting = false;
  #startingVcenter: Promise<void> | undefined;
  #consoleBuild: ConsoleBuild | undefined;

  constructor(
    private readonly config: LauncherConfig,
    private readonly dataFolder: string,
    private readonly log: (line: string) => void,
  ) {
    this.#connectionFile = join(dataFolder, 'connection.json');
    this.#supervisor = new Supervisor({ log, restarted: () => this.#rewriteConnection() });
  }

  /** @throws StartError or DomainError for what the person at the keyboard can mend */
  async start(): Promise<ConnectionFile> {
    await rm(this.#connectionFile, { force: true });
    await mkdir(join(this.dataFolder, 'logs'), { recursive: true });
    const ports = await choosePorts(this.dataFolder, this.#wantedPorts());
    const setting: Setting = { config: this.config, dataFolder: this.dataFolder, ports };
    const [urls, cloud, client, pki] = await allOf([
      this.#openDatabase(setting),
      this.#openCloud(setting),
      demoClient(this.dataFolder),
      // The folder is made once before two gateways look for it at the same time.
      ensureServerPki(join(this.dataFolder, 'tls'), { hostNames: this.config.kmipServerNames }),
    ]);
    const demo: Demo = { ...cloud, client };
    const shared = sharedEnvironment(setting);
    await this.#writeAdminEnvironment({ ...shared, ...auditKeys(setting), ...ownDatabase(urls.api) });
    const ofApi = { ...shared, ...ownDatabase(urls.api) };
    await allOf([
      this.#seed(setting, urls.api, demo),
      this.#supervisor.start(managementApi(setting, ofApi, demo.tenant.provider)),
    ]);
    // After the demo's certificate was added: they know it before they serve.
    const ofGateway = { ...shared, ...ownDatabase(urls.gateway) };
    await allOf(([1, 2] as const).map((number) => this.#supervisor.start(gateway(setting, ofGateway, number))));

    const fingerprints = {
      sha1: colonForm(pki.description.sha1Fingerprint),
      sha256: colonForm(pki.description.fingerprint),
    };
    this.#describe = () => this.#connection(setting, demo, fingerprints);
    this.#vcenterIsStarting = this.config.localVcenter;
    await this.#writeConnection();
    if (this.config.localVcenter) this.#startingVcenter = this.#startVcenter(setting);
    if (this.config.consoleBuild) this.#consoleBuild = startConsoleBuild(this.dataFolder, this.log);
    return this.#describe();
  }

  async stop(): Promise<void> {
    await rm(this.#connectionFile, { force: true });
    this.#describe = undefined;
    this.#consoleBuild?.stop();
    await this.#supervisor.stop();
    await this.#startingVcenter;
    await this.#postgres?.stop();
  }

  /** Nobody waits for it: the product serves without. The file for scripts names it from when it serves. */
  async #startVcenter(setting: Setting): Promise<void> {
    try {
      const password = await vcenterPassword(this.dataFolder);
      await this.#supervisor.start(localVcenter(setting, password));
      this.#vcenter = await vcenterConnection(setting, password);
    } catch (error) {
      if (this.#describe === undefined) return;
      this.log(`The stand-in vCenter is not there: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#vcenterIsStarting = false;
    this.#rewriteConnection();
  }

  /** Up to date, and with what is sealed in it. */
  async #openDatabase(setting: Setting): Promise<ProcessUrls> {
    if (this.config.databaseUrl === undefined) {
      const dataFolder = join(this.dataFolder, 'postgres');
      this.#postgres = await PostgresKeeper.start({ dataFolder, log: this.log }, () => this.#rewriteConnection());
    }
    await ensureServiceKeyFile(join(this.dataFolder, 'service-keys'));
    await ensureAuditKeyFile(auditKeys(setting).AUDIT_KEY_FILE, new Date());
    return await prepareDatabase(this.config, this.dataFolder, this.#postgres);
  }

  async #openCloud(setting: Setting): Promise<Omit<Demo, 'client'>> {
    const { region } = this.config;
    const tenant = await demoTenant(this.dataFolder);
    await this.#supervisor.start(localCloud(setting));
    const cloud = await seedLocalCloud(
      `${localCloudUrl(setting)}/admin`,
      tenant,
      region,
      `${managementUrl(setting)}/console`,
    );
    const crn = `crn:v1:bluemix:public:${SERVICE_NAME}:${region}:a/${tenant.accountId}:${tenant.instanceId}::`;
    return { tenant, crn, cloud };
  }

  async #seed(setting: Setting, databaseUrl: Secret, { tenant, crn, cloud, client }: Demo): Promise<void> {
    const region = SeedModule.forRoot({
      databaseUrl,
      databasePoolSize: 2,
      serviceKeyFile: join(this.dataFolder, 'service-keys'),
      region: this.config.region,
      ...localCloudHosts(localCloudUrl(setting)),
    });
    const context = await NestFactory.createApplicationContext(region, quietly());
    try {
      const seed = context.get(DemoSeed);
      await seed.addDemo(tenant, crn, cloud.keyProtectCrn, client);
      await seed.followMovedCloud();
    } finally {
      await context.close();
    }
  }

  #connection(
    setting: Setting,
    { tenant, crn, cloud, client }: Demo,
    serverFingerprints: ConnectionFile['kmip']['serverFingerprints'],
  ): ConnectionFile {
    const { ports } = setting;
    const localCloudAt = localCloudUrl(setting);
    const managementAt = `http://127.0.0.1:${ports.management}`;
    return {
      kmip: {
        host: this.config.kmipHost,
        ports: [ports.kmip1, ports.kmip2],
        serverCa: join(this.dataFolder, 'tls', 'ca.crt'),
        ...client,
        serverFingerprints,
      },
      instance: { id: tenant.instanceId, crn },
      rootKey: { id: tenant.rootKeyId },
      management: { url: managementAt, tokenCommand: roleTokenCommands(localCloudAt) },
      console: { url: `${managementUrl(setting)}/console/` },
      broker: {
        url: managementAt,
        user: BROKER_USER,
        password: tenant.provider.brokerPassword,
        tokenCommand: tokenCommand(localCloudAt, `crn-${tenant.provider.brokerCrn}`, tenant.provider.accountId),
      },
      localCloud: { url: localCloudAt },
      ...(this.#vcenter && { vcenter: this.#vcenter }),
      ...(this.#vcenterIsStarting && { starting: ['vcenter'] }),
      keyManager: { url: cloud.keyProtectUrl, instanceId: tenant.keyProtectInstanceId, crn: cloud.keyProtectCrn },
      processes: {
        ...(this.#postgres === undefined ? {} : { postgres: this.#postgres.pid }),
        ...this.#supervisor.pids(),
      },
    };
  }

  async #writeConnection(): Promise<void> {
    const content = this.#describe?.();
    if (content !== undefined) await writeConnectionFile(this.#connectionFile, content);
  }

  /** While everything serves: a file that cannot be written is no reason to end. The next restart writes it again. */
  #rewriteConnection(): void {
    this.#writeConnection().catch((error: unknown) => {
      this.log(`${this.#connectionFile} is out of date: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  /** For `node --env-file`: what the administrator's command line needs. */
  async #writeAdminEnvironment(shared: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(shared).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(this.dataFolder, 'service.env'), lines.join(''), { mode: 0o600 });
  }

  #wantedPorts() {
    const { config } = this;
    const local = '127.0.0.1';
    return {
      kmip1: { variable: 'KMIP_PORT_1', host: config.kmipHost, port: config.kmipPort1 },
      kmip2: { variable: 'KMIP_PORT_2', host: config.kmipHost, port: config.kmipPort2 },
      management: { variable: 'MANAGEMENT_PORT', host: local, port: config.managementPort },
      localCloud: { variable: 'LOCAL_CLOUD_PORT', host: local, port: config.localCloudPort },
      localVcenter: { variable: 'LOCAL_VCENTER_PORT', host: local, port: config.localVcenterPort },
      health1: { variable: 'HEALTH_PORT_1', host: local, port: config.healthPort1 },
      health2: { variable: 'HEALTH_PORT_2', host: local, port: config.healthPort2 },
      health3: { variable: 'HEALTH_PORT_3', host: local, port: config.healthPort3 },
    } satisfies Record<keyof Ports, unknown>;
  }
}

/** Waits for all, also when one fails: what was started until then is known to who stops it. */
async function allOf<const Work extends readonly Promise<unknown>[]>(
  work: Work,
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

/** A shell command that prints a bearer token. */
function tokenCommand(localCloud: string, ...identity: string[]): string {
  const parts = [process.execPath, join(__dirname, 'token.js'), localCloud, ...identity];
  return parts.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(' ');
}

/** By IBM's spelling of a role and by its lower-case form. */
function roleTokenCommands(localCloud: string): Readonly<Record<string, string>> {
  const entries = DEMO_ROLES.map((role) => [role, tokenCommand(localCloud, iamIdOf(role))] as const);
  return Object.fromEntries(
    entries.flatMap(([role, command]) => [
      [role, command],
      [role.toLowerCase(), command],
    ]),
  );
}
