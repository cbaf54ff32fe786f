import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type KmipClient } from '@lib/kmip-client';
import { issueClientCertificate, type IssuedCertificate } from '@lib/pki';

import { type RunningService } from './running-service';

export interface Tenant {
  readonly instanceId: string;
  readonly identity: IssuedCertificate;
  readonly certificateId: string;
  readonly keyManagerInstanceId: string;
  readonly rootKeyId: string;
  /** Of the instance, and of its certificate. */
  readonly name: string;
  readonly seed: Seed;
  /** Retries until the certificate is honoured, which must be within a second. */
  connect(endpoint: number): Promise<KmipClient>;
}

/** Key Protect on the host of its region unless it says otherwise. */
export interface KeyManagerKind {
  readonly serviceName?: 'kms' | 'hs-crypto';
  readonly dedicated?: boolean;
}

/** What the stand-in cloud made for a tenant. */
export interface Seed {
  readonly account: { readonly id: string };
  readonly instance: { readonly id: string; readonly crn: string; readonly endpoints: { readonly public: string } };
  readonly rootKey: { readonly id: string; readonly crn: string };
  readonly serviceId: { readonly iamId: string };
  readonly apiKey: { readonly id: string; readonly apikey: string };
}

/** A tenant with everything of its own: account, key-manager instance, CRK, service ID, KMIP instance, certificate. */
export async function addTenant(
  service: RunningService,
  name: string,
  roles: readonly string[] = ['Viewer', 'Writer'],
  instance: KeyManagerKind = {},
): Promise<Tenant> {
  const account = { id: randomBytes(16).toString('hex') };
  const seed = await service.localCloud<Seed>('POST', '/seed', { account, instance, roles });
  const crn = `crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${seed.account.id}:${randomUUID()}::`;
  const { id: instanceId } = await service.admin<{ id: string }>('instance', 'create', '--crn', crn, '--name', name);
  const issued = await issueClientCertificate('self-signed', { commonName: `kmipClient-${name}`, validDays: 30 });
  await bindRootKey(service, instanceId, seed);
  return {
    instanceId,
    identity: issued,
    certificateId: await allowCertificate(service, instanceId, name, issued.certificatePem),
    keyManagerInstanceId: seed.instance.id,
    rootKeyId: seed.rootKey.id,
    name,
    seed,
    connect: (endpoint) => service.kmipAs(issued.certificatePem, issued.privateKeyPem.exposeText(), endpoint),
  };
}

/** Another key-manager instance with a CRK, in the account and for the service ID of a tenant. */
export async function addKeyManager(
  service: RunningService,
  { account, serviceId, apiKey }: Seed,
  roles: readonly string[],
  instance: KeyManagerKind = {},
): Promise<Seed> {
  return await service.localCloud<Seed>('POST', '/seed', {
    account: { id: account.id },
    serviceId: { id: serviceId.iamId.replace('iam-ServiceId-', '') },
    apiKey: { apikey: apiKey.apikey },
    instance,
    roles,
  });
}

export async function bindRootKey(
  service: RunningService,
  instanceId: string,
  seed: Pick<Seed, 'instance' | 'rootKey'> & { readonly apiKey: { readonly apikey: string } },
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kmip-tenant-'));
  try {
    const file = join(folder, 'api-key');
    await writeFile(file, seed.apiKey.apikey, { mode: 0o600 });
    const keyManager = ['--key-manager', seed.instance.crn, '--root-key', seed.rootKey.id];
    await service.admin('root-key', 'set', '--instance', instanceId, ...keyManager, '--api-key-file', file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Puts a certificate on an instance's list. @returns its id */
export async function allowCertificate(
  service: RunningService,
  instanceId: string,
  name: string,
  certificatePem: string,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kmip-certificate-'));
  try {
    const file = join(folder, 'client.pem');
    await writeFile(file, certificatePem);
    const options = ['--instance', instanceId, '--name', name, '--file', file];
    return (await service.admin<{ id: string }>('certificate', 'add', ...options)).id;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
