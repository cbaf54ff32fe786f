import { randomBytes, randomUUID } from 'node:crypto';
import { toTimestamp, within } from '@lib/stand-in';
import { type Cloud } from '../cloud';
import { hashApiKey, newApiKey } from '../iam/api-keys';
import { type AccountRow, type ApiKeyRow, type IdentityRow, type InstanceRow, type PolicyRow } from '../journal/rows';
import { type Change } from '../journal/store';
import { newKey } from '../key-protect/new-key';
import {
  type AccountInput,
  type ApiKeyInput,
  type InstanceInput,
  type PolicyInput,
  type SeedInput,
  type ServiceIdInput,
  type UserInput,
} from './admin-input';
import { AdminError } from './admin.errors';

/** Key Protect's tiered plan. */
const KMS_PLAN = 'eedd3585-90c6-4c8f-be3d-062069e99fc3';

interface Made<T> {
  readonly row: T;
  readonly changes: readonly Change[];
}

const existing = <T>(row: T): Made<T> => ({ row, changes: [] });

/**
 * Makes the accounts, instances, identities and policies that a real tenant orders from IBM Cloud. Whatever comes
 * with an id that exists is left as it is: a launcher can say the same at every start.
 */
export class Provisioning {
  constructor(private readonly cloud: Cloud) {}

  account(input: AccountInput): Made<AccountRow> {
    const id = input.id ?? randomBytes(16).toString('hex');
    const known = this.cloud.store.get('account', id);
    if (known) return existing(known);
    const row: AccountRow = { id, name: input.name };
    return { row, changes: [['account', id, row]] };
  }

  instance(input: InstanceInput): Made<InstanceRow> {
    const id = input.id ?? randomUUID();
    const known = this.cloud.store.get('instance', id);
    if (known) return existing(known);
    const row: InstanceRow = {
      id,
      accountId: input.accountId,
      serviceName: input.serviceName,
      region: input.region,
      name: input.name ?? `${input.serviceName}-${id.slice(0, 8)}`,
      planId: input.planId ?? KMS_PLAN,
      resourceGroupId: input.resourceGroupId ?? input.accountId,
      state: 'active',
      ...(input.dedicated && input.serviceName === 'kms' && { dedicated: true }),
      initialized: input.initialized,
      createdAt: this.#now(),
    };
    return { row, changes: [['instance', id, row]] };
  }

  serviceId(input: ServiceIdInput): Made<IdentityRow> {
    const iamId = `iam-ServiceId-${input.id ?? randomUUID()}`;
    return this.#identity({
      iamId,
      accountId: input.accountId,
      kind: 'service_id',
      name: input.name ?? 'kmip service ID',
    });
  }

  user(input: UserInput): Made<IdentityRow> {
    const iamId = input.iamId ?? `IBMid-${randomBytes(5).toString('hex').toUpperCase()}`;
    const email = input.email ?? `${iamId.slice(6).toLowerCase()}@example.com`;
    const { accountId, name = email, memberOf } = input;
    return this.#identity({ iamId, accountId, kind: 'user', name, email, ...(memberOf && { memberOf }) });
  }

  /** The key itself is in the answer only: what is kept is its hash. */
  apiKey(input: ApiKeyInput, owner: IdentityRow): Made<ApiKeyRow> & { readonly apikey: string } {
    const apikey = input.apikey ?? newApiKey();
    const known = this.cloud.store.get('apiKey', hashApiKey(apikey));
    if (known && known.iamId !== owner.iamId) throw new AdminError(409, 'this API key belongs to another identity');
    if (known) return { ...existing(known), apikey };
    const row: ApiKeyRow = {
      id: `ApiKey-${randomUUID()}`,
      iamId: owner.iamId,
      accountId: owner.accountId,
      name: input.name,
      locked: input.locked,
      disabled: input.disabled,
      ...(input.expiresAt !== undefined && { expiresAt: input.expiresAt }),
      createdAt: this.#now(),
    };
    return { row, changes: [['apiKey', hashApiKey(apikey), row]], apikey };
  }

  policy(input: PolicyInput, owner: IdentityRow): Made<PolicyRow> {
    const { accountId = owner.accountId } = input;
    for (const known of this.cloud.store.list('policy', owner.iamId)) {
      const same =
        JSON.stringify([known.accountId, known.roles, known.resource]) ===
        JSON.stringify([accountId, input.roles, input.resource]);
      if (same) return existing(known);
    }
    const row: PolicyRow = {
      id: randomUUID(),
      iamId: owner.iamId,
      accountId,
      roles: input.roles,
      resource: input.resource,
    };
    return { row, changes: [['policy', within(row.iamId, row.id), row]] };
  }

  /** Everything that a KMIP instance needs at its tenant's side, in one call. */
  async seed(input: SeedInput) {
    const account = this.account(input.account);
    const instance = this.instance({ ...input.instance, accountId: account.row.id });
    const rootKey = this.#rootKey(instance.row, input.rootKey);
    const serviceId = this.serviceId({ ...input.serviceId, accountId: account.row.id });
    const apiKey = this.apiKey({ ...input.apiKey, iamId: serviceId.row.iamId }, serviceId.row);
    const { serviceName, id: serviceInstance } = instance.row;
    const policy = this.policy(
      { iamId: serviceId.row.iamId, roles: input.roles, resource: { serviceName, serviceInstance } },
      serviceId.row,
    );
    const made = [account, instance, rootKey, serviceId, apiKey, policy];
    await this.cloud.store.commit(...made.flatMap((part) => part.changes));
    return {
      account: account.row,
      instance: instance.row,
      rootKey: rootKey.row,
      serviceId: serviceId.row,
      apiKey: apiKey.row,
      apikey: apiKey.apikey,
    };
  }

  #rootKey(instance: InstanceRow, input: SeedInput['rootKey']) {
    const known = input.id === undefined ? undefined : this.cloud.store.get('key', within(instance.id, input.id));
    if (known) return existing(known);
    const row = newKey({
      instanceId: instance.id,
      id: input.id,
      name: input.name,
      extractable: false,
      createdBy: 'admin',
      now: this.cloud.clock.now(),
    });
    return { row, changes: [['key', within(instance.id, row.id), row]] as Change[] };
  }

  #identity(input: Omit<IdentityRow, 'createdAt'>): Made<IdentityRow> {
    const known = this.cloud.store.get('identity', input.iamId);
    if (known) return existing(known);
    const row: IdentityRow = { ...input, createdAt: this.#now() };
    return { row, changes: [['identity', row.iamId, row]] };
  }

  #now(): string {
    return toTimestamp(this.cloud.clock.now());
  }
}
