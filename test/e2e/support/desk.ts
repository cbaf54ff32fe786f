import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { answerOf, tenantApi, type TenantApi } from '@lib/tenant-api-client';
import { KeyProviders, PinnedTransport, ViSession } from '@lib/vi-json';

import { type HostRow, type VmRow } from '../../../apps/local-vcenter/src/rows';
import { PASSWORD, TestVcenter } from '../../../apps/local-vcenter/test/test-vcenter';
import { type RunningService } from './running-service';
import { ADMINISTRATOR } from './vcenter';

/** What `kmip4v` calls the key provider of the demo's instance where no name is given. */
export const PROVIDER = 'demo-kmip';
const MACHINE = /\b(?:web|database|backup|archive|payroll|template|desktop|legacy|plain|volumes)-\d{4}\b/g;

/** Where somebody sits who has a vCenter, the vSphere Client, and a user of the service. */
export class Desk {
  private constructor(
    readonly service: RunningService,
    readonly folder: string,
    readonly vcenter: TestVcenter,
    readonly session: ViSession,
    /** Of a user of the service. */
    private readonly token: string,
    /** Of all names of machines here: keys of other pages' machines lie in the same instance. */
    private readonly suffix: string,
  ) {}

  static async at(service: RunningService, folder: string, suffix: string): Promise<Desk> {
    const vcenter = await TestVcenter.start({ machines: 10 });
    const { center, url, fingerprint } = vcenter.vcenter;
    const renamed = (vm: VmRow) => ['vm', vm.id, { ...vm, name: `${vm.name}${suffix}` }] as const;
    await center.inventory.put(...center.inventory.vms().map(renamed));
    const session = await ViSession.open({
      transport: new PinnedTransport(new URL(url), fingerprint),
      credentials: { userName: ADMINISTRATOR, password: PASSWORD },
    });
    return new Desk(service, folder, vcenter, session, await service.token('Manager'), suffix);
  }

  async close(): Promise<void> {
    await this.session.close();
    await this.vcenter.close();
  }

  /** What a page says, with what is called otherwise here. */
  here(command: string): string {
    return command.replaceAll(MACHINE, `$&${this.suffix}`);
  }

  /** What was shown here, as the page has it. */
  shown(output: string): string {
    return output.replaceAll(new RegExp(`(${MACHINE.source})${this.suffix}`, 'g'), '$1');
  }

  /** For whoever types at this desk. */
  get environment(): Readonly<Record<string, string>> {
    return {
      XDG_CONFIG_HOME: this.folder,
      KMIP4V_URL: this.service.connection.management.url,
      KMIP4V_TOKEN: this.token,
      KMIP4V_INSTANCE: this.service.connection.instance.id,
      KMIP4V_VCENTER: this.vcenter.vcenter.url,
      KMIP4V_VCENTER_USER: ADMINISTRATOR,
      KMIP4V_VCENTER_PASSWORD: PASSWORD,
    };
  }

  get api(): TenantApi {
    return tenantApi({ url: this.service.connection.management.url, token: () => Promise.resolve(this.token) });
  }
  get providers(): KeyProviders {
    return new KeyProviders(this.session);
  }
  get machines(): readonly VmRow[] {
    return this.vcenter.vcenter.center.inventory.vms();
  }
  get hosts(): readonly HostRow[] {
    return this.vcenter.vcenter.center.inventory.hosts();
  }
  read(file: string): Promise<string> {
    return readFile(join(this.folder, file), 'utf8');
  }
  write(file: string, text: string): Promise<void> {
    return writeFile(join(this.folder, file), text);
  }

  /** Both endpoints, trusted. */
  async addProvider(provider: string): Promise<void> {
    const { host, ports, serverCa } = this.service.connection.kmip;
    const certificate = await readFile(join(serverCa, '..', 'server.crt'), 'utf8');
    for (const [index, port] of ports.entries()) {
      await this.providers.registerServer(provider, { name: `kmip-${index + 1}`, address: host, port });
    }
    await this.providers.trustServerCertificate(provider, certificate);
  }

  /** vCenter presents a new certificate of its own, which is let in where it gets a name. */
  async presentNew(provider: string, name?: string): Promise<string> {
    const pem = await this.providers.newSelfSigned(provider);
    if (name !== undefined) await this.letIn(name, pem);
    await this.providers.useSelfSigned(provider, pem);
    return pem;
  }

  async letIn(name: string, certificate: string): Promise<void> {
    const params = { path: { instance_id: this.service.connection.instance.id } };
    const body = { name, certificate };
    await answerOf(this.api.POST('/v1/instances/{instance_id}/client_certificates', { params, body }));
  }

  /** Made by the service; its private key can be read this once. */
  async pair(name: string): Promise<{ readonly certificate: string; readonly privateKey: string }> {
    const params = { path: { instance_id: this.service.connection.instance.id } };
    const made = await answerOf(
      this.api.POST('/v1/instances/{instance_id}/client_key_pairs', { params, body: { name } }),
    );
    return { certificate: made.certificate, privateKey: made.private_key ?? '' };
  }

  /** SHA-256 of the server certificate, as the service says. */
  async shownFingerprint(): Promise<string | undefined> {
    const params = { path: { id: this.service.connection.instance.id } };
    const { endpoints } = await answerOf(this.api.GET('/v1/instances/{id}', { params }));
    return endpoints[0]?.server_certificate?.sha256_fingerprint;
  }

  /** And of the one that it announces. */
  async announcedFingerprint(): Promise<string | undefined> {
    const params = { path: { id: this.service.connection.instance.id } };
    const { endpoints } = await answerOf(this.api.GET('/v1/instances/{id}', { params }));
    return endpoints[0]?.next_server_certificate?.sha256_fingerprint;
  }

  async wasSeen(name: string): Promise<boolean> {
    const params = { path: { instance_id: this.service.connection.instance.id } };
    const page = await answerOf(this.api.GET('/v1/instances/{instance_id}/client_certificates', { params }));
    return page.client_certificates.some((each) => each.name === name && each.last_seen !== undefined);
  }

  async connect(provider: string): Promise<void> {
    await this.addProvider(provider);
    await this.presentNew(provider, `${provider}${this.suffix}`);
  }

  /** Everything that can be encrypted is, with keys of this provider. */
  async encrypt(provider: string): Promise<void> {
    await this.connect(provider);
    await this.vcenter.admin('POST', '/inventory/encrypt', { provider });
  }

  async rebootHosts(): Promise<void> {
    for (const { id } of this.hosts) await this.vcenter.admin('POST', `/hosts/${id}/reboot`);
  }

  async setSuspended(machine: string, suspended: boolean): Promise<void> {
    const found = this.machines.find(({ name }) => name === `${machine}${this.suffix}`);
    const path = { instance_id: this.service.connection.instance.id, id: found?.home?.keyId ?? '' };
    await answerOf(this.api.PATCH('/v1/instances/{instance_id}/keys/{id}', { params: { path }, body: { suspended } }));
  }
}
