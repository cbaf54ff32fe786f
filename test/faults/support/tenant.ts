import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Secret } from '@lib/kernel';
import { issueClientCertificate, type IssuedCertificate } from '@lib/pki';

import { demoClient, DemoSeed } from '../../../apps/launcher/src/demo-seed';
import { type DemoTenant, demoTenant } from '../../../apps/launcher/src/demo-tenant';
import { bearerToken } from '../../../apps/launcher/src/demo-users';
import { seedLocalCloud, SERVICE_NAME } from '../../../apps/launcher/src/local-cloud-seed';
import { askJson, type Region } from './region';

/** Further client certificates, which come and go. */
const GUESTS = 6;
const REGION = 'us-south';

/** A tenant for one seed, with everything of its own. */
export class SeedTenant {
  private constructor(
    private readonly region: Region,
    readonly demo: DemoTenant,
    /** Allowed for good. */
    readonly identity: IssuedCertificate,
    readonly guests: readonly IssuedCertificate[],
    private readonly token: string,
    private readonly keyManagerUrl: string,
  ) {}

  static async open(region: Region, seed: number): Promise<SeedTenant> {
    const folder = join(region.folder, `seed-${seed}`);
    await mkdir(folder, { recursive: true });
    const demo = { ...(await demoTenant(folder)), provider: region.provider.provider };
    const [files, guests] = await Promise.all([demoClient(folder), newGuests(seed)]);
    const { keyProtectCrn, keyProtectUrl } = await seedLocalCloud(
      `${region.cloudUrl}/admin`,
      demo,
      REGION,
      'http://127.0.0.1:8080/console',
    );
    const crn = `crn:v1:bluemix:public:${SERVICE_NAME}:${REGION}:a/${demo.accountId}:${demo.instanceId}::`;
    await region.context.get(DemoSeed).addDemo(demo, crn, keyProtectCrn, files);
    const identity = {
      certificatePem: await readFile(files.clientCertificate, 'utf8'),
      privateKeyPem: Secret.fromText(await readFile(files.clientKey, 'utf8')),
    };
    const token = await newManager(region, demo);
    return new SeedTenant(region, demo, identity, guests, token, keyProtectUrl);
  }

  /** The tenant API, about the instance. */
  async api<T>(method: string, path: string, body?: object): Promise<T> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const url = `${this.region.managementUrl}/v1/instances/${this.demo.instanceId}${path}`;
    const headers = { authorization: `Bearer ${this.token}`, ...(body !== undefined && { 'content-type': type }) };
    return await askJson<T>(url, method, body, headers);
  }

  /** An answer of lines. */
  async text(path: string): Promise<string> {
    const url = `${this.region.managementUrl}/v1/instances/${this.demo.instanceId}${path}`;
    const headers = { authorization: `Bearer ${this.token}`, accept: 'application/x-ndjson' };
    const response = await fetch(url, { headers });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return await response.text();
  }

  /** As the security officer does in Key Protect. */
  async rotateRootKey(): Promise<void> {
    await askJson(
      `${this.keyManagerUrl}/api/v2/keys/${this.demo.rootKeyId}/actions/rotate`,
      'POST',
      {},
      {
        authorization: `Bearer ${this.token}`,
        'bluemix-instance': this.demo.keyProtectInstanceId,
      },
    );
  }

  /** Names of the keys that lie in the tenant's key manager. */
  async storedKeys(): Promise<readonly string[]> {
    const keys = await this.region.cloud<{ name: string; state: number }[]>(
      'GET',
      `/instances/${this.demo.keyProtectInstanceId}/keys`,
    );
    return keys.filter(({ name, state }) => name.startsWith('vmware_kmip_') && state === 1).map(({ name }) => name);
  }
}

/** The tenant's security officer: a person of its account. @returns the token */
async function newManager(
  region: Region,
  { accountId, instanceId, keyProtectInstanceId }: DemoTenant,
): Promise<string> {
  const { iamId } = await region.cloud<{ iamId: string }>('POST', '/users', { accountId });
  for (const [serviceName, serviceInstance] of [
    [SERVICE_NAME, instanceId],
    ['kms', keyProtectInstanceId],
  ]) {
    const resource = { serviceName, serviceInstance };
    await region.cloud('POST', '/policies', { iamId, roles: ['Viewer', 'Manager'], resource });
  }
  return await bearerToken(region.cloudUrl, iamId, accountId);
}

async function newGuests(seed: number): Promise<readonly IssuedCertificate[]> {
  return await Promise.all(
    Array.from({ length: GUESTS }, (_, guest) =>
      issueClientCertificate('self-signed', {
        commonName: `guest-${seed}-${guest}`,
        validDays: 30,
        keyKind: 'ec-p256',
      }),
    ),
  );
}
