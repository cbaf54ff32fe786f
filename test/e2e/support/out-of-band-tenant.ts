import { type KeyManager } from '@lib/key-manager';
import { EngineHarness, ManualClock } from '@lib/testing';

import { type LocalCloud } from '../../../apps/local-cloud/src/local-cloud';
import { admin, Tenant } from './key-protect-tenant';

export const HOUR_S = 3_600;
/** Long enough ago that no fail-over hides what was stored then, and a purge fits in. */
const LONG_AGO_S = 12 * HOUR_S;

/** What a process that was just started reaches a tenant's key manager with. */
export interface Restarted {
  readonly harness: EngineHarness;
  /** Of the root key that the key lies under. */
  readonly keyManager: KeyManager;
}

/** A tenant with a service ID of its own for the product, and a key. */
export class OutOfBandTenant {
  storedKeyId = '';
  /** Under which keys are made, once that is another one than the key lies under. */
  boundId: string | undefined;
  readonly harness: EngineHarness;
  key = '';

  private constructor(
    private readonly cloud: LocalCloud,
    readonly tenant: Tenant,
    readonly iamId: string,
    readonly apiKey: { readonly id: string; readonly apikey: string },
    readonly rootKeyId: string,
  ) {
    const keyManager = tenant.bind(apiKey.apikey, rootKeyId);
    const clock = new ManualClock(cloud.clock.now());
    this.harness = new EngineHarness({ clock, bound: { keyManager, rootKeyId } });
  }

  static async open(cloud: LocalCloud): Promise<OutOfBandTenant> {
    await admin(cloud, '/clock', { reset: true });
    await admin(cloud, '/clock', { advanceSeconds: -LONG_AGO_S });
    const tenant = await Tenant.open(cloud);
    const { account, instance } = tenant.seeded;
    const { iamId } = await admin<{ iamId: string }>(cloud, '/service-ids', { accountId: account.id });
    const apiKey = await admin<{ id: string; apikey: string }>(cloud, '/api-keys', { iamId });
    const worker = new OutOfBandTenant(cloud, tenant, iamId, apiKey, await tenant.createRootKey());
    await worker.allow(['Manager'], { serviceInstance: instance.id });
    worker.key = await worker.harness.createKey();
    worker.storedKeyId = (await worker.harness.store.find(worker.key as never))?.custody?.storedKeyId ?? '';
    return worker;
  }

  allow(roles: readonly string[], resource: object): Promise<unknown> {
    return admin(this.cloud, '/policies', { iamId: this.iamId, roles, resource });
  }

  /** In place of the role it has. */
  async onlyAllow(roles: readonly string[], resource: object = {}): Promise<void> {
    const response = await fetch(`${this.cloud.adminUrl}/policies?iamId=${this.iamId}`);
    for (const { id } of (await response.json()) as { id: string }[]) {
      await fetch(`${this.cloud.adminUrl}/policies/${id}`, { method: 'DELETE' });
    }
    await this.allow(roles, { serviceInstance: this.tenant.seeded.instance.id, ...resource });
  }

  pass(seconds: number): Promise<unknown> {
    return admin(this.cloud, '/clock', { advanceSeconds: seconds });
  }

  /** Two days later, so that the former one expires before it. */
  async bindAnother(): Promise<void> {
    await this.pass(48 * HOUR_S);
    this.boundId = await this.tenant.createRootKey();
  }

  rootKey(action: string): Promise<unknown> {
    return this.tenant.manage('POST', `/keys/${this.rootKeyId}/actions/${action}`);
  }

  policy(type: string, attributes?: object): Promise<unknown> {
    const resource = { policy_type: type, policy_data: { enabled: true, ...(attributes && { attributes }) } };
    const metadata = { collectionType: 'application/vnd.ibm.kms.policy+json', collectionTotal: 1 };
    return this.tenant.manage('PUT', `/instance/policies?policy=${type}`, { metadata, resources: [resource] });
  }

  changeApiKey(changes: object): Promise<unknown> {
    return admin(this.cloud, `/api-keys/${this.apiKey.id}`, changes, 'PATCH');
  }

  /** Nobody edits a stored key by the API; what its owner did by support or another road shows when it is read. */
  async readsAs(payload: string): Promise<void> {
    const read = (await this.tenant.manage('GET', `/keys/${this.storedKeyId}`)) as { resources: object[] };
    const resources = read.resources.map((key) => ({ ...key, payload: Buffer.from(payload).toString('base64') }));
    const match = { operations: ['secrets.read'], about: this.storedKeyId };
    await admin(this.cloud, '/faults', {
      match,
      effect: { kind: 'status', status: 200, body: { ...read, resources } },
    });
  }

  noFaults(): Promise<unknown> {
    return fetch(`${this.cloud.adminUrl}/faults`, { method: 'DELETE' });
  }

  async purge(id: string): Promise<void> {
    await this.allow(['KeyPurge'], { serviceInstance: this.tenant.seeded.instance.id });
    await this.tenant.manage('DELETE', `/keys/${id}`);
    await this.pass(5 * HOUR_S);
    const { iamId } = this.tenant.seeded.serviceId;
    await admin(this.cloud, '/policies', {
      iamId,
      roles: ['KeyPurge'],
      resource: { serviceInstance: this.tenant.seeded.instance.id },
    });
    await this.tenant.manage('DELETE', `/keys/${id}/purge`);
  }

  /** A process that has no token yet. */
  restarted(): Restarted {
    const { rootKeyId, boundId = rootKeyId, apiKey, tenant } = this;
    const keyManager = tenant.bind(apiKey.apikey, rootKeyId);
    const { store, instanceId, clock } = this.harness;
    const bound = {
      keyManager: boundId === rootKeyId ? keyManager : tenant.bind(apiKey.apikey, boundId),
      rootKeyId: boundId,
      keyManagerOf: (id: string) => (id === rootKeyId ? keyManager : undefined),
    };
    return { keyManager, harness: new EngineHarness({ clock, store, instanceId, bound }) };
  }
}
