import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Inject, Injectable } from '@nestjs/common';

import { newCorrelationId, Secret, toInstanceId } from '@lib/kernel';
import { issueClientCertificate } from '@lib/pki';
import {
  type ActionContext,
  ClientCertificateService,
  EndpointPolicy,
  InstanceService,
  RootKeyBindingService,
  TenancyError,
} from '@lib/tenancy';

import { type DemoTenant } from './demo-tenant';

const CLIENT_VALID_DAYS = 3_650;
const ALL = 1_000;

export interface DemoClientFiles {
  readonly clientCertificate: string;
  readonly clientKey: string;
}

const context = (): ActionContext => ({
  initiator: { kind: 'system', component: 'launcher' },
  correlationId: newCorrelationId(),
  observer: 'launcher',
});

/** A certificate as vCenter makes its own: self-signed, without extended key usage. Made once and kept. */
export async function demoClient(dataFolder: string): Promise<DemoClientFiles> {
  const folder = join(dataFolder, 'vcenter');
  const files = { clientCertificate: join(folder, 'client.crt'), clientKey: join(folder, 'client.key') };
  const present = await Promise.all(Object.values(files).map((file) => readFile(file, 'utf8').catch(() => undefined)));
  if (present.every((content) => content !== undefined)) return files;
  const request = { commonName: 'kmipClientDemo', validDays: CLIENT_VALID_DAYS, extendedKeyUsage: false };
  const issued = await issueClientCertificate('self-signed', request);
  await mkdir(folder, { recursive: true });
  await writeFile(files.clientKey, issued.privateKeyPem.expose(), { mode: 0o600 });
  await writeFile(files.clientCertificate, issued.certificatePem);
  issued.privateKeyPem.wipe();
  return files;
}

/** As IAM names it, and the API learns it when somebody sets an API key. */
const serviceIdOf = ({ serviceId }: DemoTenant): string => `iam-ServiceId-${serviceId}`;

/** Sets the demo tenant up through the services that the API uses. */
@Injectable()
export class DemoSeed {
  constructor(
    @Inject(InstanceService) private readonly instances: InstanceService,
    @Inject(RootKeyBindingService) private readonly rootKeys: RootKeyBindingService,
    @Inject(ClientCertificateService) private readonly certificates: ClientCertificateService,
    @Inject(EndpointPolicy) private readonly endpoints: EndpointPolicy,
  ) {}

  /** The demo tenant's KMIP instance with root key, credential and certificate. */
  async addDemo(tenant: DemoTenant, crn: string, keyProtectCrn: string, client: DemoClientFiles): Promise<void> {
    const id = toInstanceId(tenant.instanceId);
    await unlessThere('instance_exists', () => this.instances.create({ crn, name: 'demo-kmip' }, context()));
    if ((await this.rootKeys.list(id)).length === 0) {
      const apiKey = Secret.fromText(tenant.apiKey);
      await this.rootKeys.setCredential(id, { apiKey, serviceIdIamId: serviceIdOf(tenant) }, context());
      apiKey.wipe();
      await this.rootKeys.set(id, { keyManagerCrn: keyProtectCrn, rootKeyId: tenant.rootKeyId }, context());
    }
    if ((await this.certificates.list(id)).length === 0) {
      const pem = await readFile(client.clientCertificate, 'utf8');
      await this.certificates.add(id, { name: 'demo-vcenter', pem, origin: 'operator' }, context());
    }
  }

  /** The stand-in cloud may have come up on another port than before; the real one never moves. */
  async followMovedCloud(): Promise<void> {
    for (const { id } of await this.instances.list({ limit: ALL })) {
      const active = (await this.rootKeys.list(id)).find(({ status }) => status === 'active');
      if (active === undefined) continue;
      const { keyManagerCrn, rootKeyId, keyRingId, endpointUrl } = active;
      // Of the hosts that it can have, the same one at another port.
      const { pathname } = new URL(endpointUrl);
      const address = this.endpoints
        .addresses(keyManagerCrn, 'public')
        .find((candidate) => new URL(candidate).pathname === pathname);
      if (address === undefined || address === endpointUrl) continue;
      const where = { ...(keyRingId && { keyRingId }), discoveredEndpoint: address };
      await this.rootKeys.set(id, { keyManagerCrn, rootKeyId, ...where }, context());
    }
  }
}

async function unlessThere(code: string, create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof TenancyError && error.code === code)) throw error;
  }
}
