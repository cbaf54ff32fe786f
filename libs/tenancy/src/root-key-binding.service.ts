import { type AuditAction, type AuditEvent } from '@lib/audit';
import { type Clock, counted, type InstanceId, type Secret } from '@lib/kernel';
import { type EndpointVisibility } from '@lib/key-manager';

import { type ActionContext, successEvent } from './action-context';
import { type ApiKeyChange, ApiKeyRing, type NewCredential, type NewRootKeyCredential } from './api-key-ring';
import { requireConfirmation } from './confirmation';
import {
  credentialFacts,
  type CredentialRisk,
  formerCredentialFacts,
  lossAccepted,
  rootKeyFacts,
  untested,
  withoutApiKey,
} from './credential-change';
import { type CredentialSealer } from './credential-sealer';
import { type EndpointPolicy } from './endpoint-policy';
import { checkRevision, lockedInstance, missingInstance } from './guards';
import { DEFAULT_OPTIONS, type Instance, type InstanceOptions } from './instance';
import { afterStep, type TenantStep } from './instance-progress';
import { moveEvent, moveFinishedEvent, moveStatusOf } from './move-status';
import { omit } from './omit';
import { type TenantScope, type UnitOfWork } from './ports';
import { type Credential, type RootKeyBinding } from './root-key-binding';
import { TenancyError } from './tenancy.error';

export interface NewRootKeyBinding {
  readonly keyManagerCrn: string;
  readonly rootKeyId: string;
  readonly keyRingId?: string;
  readonly visibility?: EndpointVisibility;
  /** Address read from the resource instance; taken only when it is one that the instance can have. */
  readonly discoveredEndpoint?: string;
}

/** What the gateway needs to act at the tenant's key managers. The caller wipes the API key. */
export interface RootKeyAccess {
  readonly active: RootKeyBinding;
  /** Root keys bound before, under which some keys still lie. */
  readonly retiring: readonly RootKeyBinding[];
  /** Of the active one. */
  readonly credentialId: string;
  readonly apiKey: Secret;
  /** Of former root keys that are reached with another API key, by binding. */
  readonly formerCredentialIds: ReadonlyMap<string, string>;
  /** What the administrator asks of the work with the key manager. */
  readonly options: InstanceOptions;
}

/** From when on nobody works with a binding that was replaced. */
export interface QuietSince {
  /** Bindings replaced before this are known everywhere as replaced. */
  readonly retiredBefore: Date;
  /** Creates begun before this are at an end, or interrupted. */
  readonly creationsBefore: Date;
}

/** A root key that another one would take the place of. */
export interface LeftRootKey {
  readonly binding: RootKeyBinding;
  readonly keys: number;
}

/** Which root key protects an instance's keys, and the API key to reach it with. Checking them at the key manager is the caller's. */
export class RootKeyBindingService {
  private readonly apiKeys: ApiKeyRing;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    sealer: CredentialSealer,
    private readonly endpoints: EndpointPolicy,
    private readonly clock: Clock,
    private readonly newId: () => string,
  ) {
    this.apiKeys = new ApiKeyRing(sealer, clock, newId);
  }

  /**
   * Binds a root key, or another one in place of the present: that one stays as retiring while keys lie under it.
   * With an API key of its own, perhaps of another account, either both are in force or what was there before still is;
   * root keys that it does not reach keep the API key of before until no key lies under them.
   * @throws TenancyError `invalid_crn`, `endpoint_not_allowed`, `credential_not_set`, `instance_not_found`
   */
  async set(
    instanceId: InstanceId,
    request: NewRootKeyBinding,
    context: ActionContext,
    {
      revision,
      credential,
    }: { readonly revision?: number | undefined; readonly credential?: NewRootKeyCredential } = {},
  ): Promise<RootKeyBinding> {
    const wanted = this.toBinding(instanceId, request);
    return this.unitOfWork.forTenant(instanceId, (scope) => this.bind(scope, wanted, context, revision, credential));
  }

  /** @returns the active binding first, then retiring ones; empty when none was set */
  async list(instanceId: InstanceId): Promise<readonly RootKeyBinding[]> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      if ((await scope.instance.get()) === undefined) missingInstance();
      return scope.bindings.list();
    });
  }

  /** Root keys of the instance other than this one, with the keys that would move from there if it were bound. */
  async leaving(instanceId: InstanceId, wanted: RootKeyName): Promise<readonly LeftRootKey[]> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      const left: LeftRootKey[] = [];
      for (const binding of await scope.bindings.list()) {
        if (isSameRootKey(binding, wanted)) continue;
        left.push({ binding, keys: await scope.keys.countUnder(binding.rootKeyId) });
      }
      return left;
    });
  }

  /** @throws TenancyError `root_key_not_set`, `keys_exist` */
  async unset(instanceId: InstanceId, context: ActionContext, revision?: number): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      const instance = await lockedInstance(scope);
      const bindings = await scope.bindings.list();
      const active = bindings.find(({ status }) => status === 'active');
      if (active === undefined) throw rootKeyNotSet();
      checkRevision(active, revision);
      if ((await scope.keys.countLive()) > 0) {
        throw new TenancyError('keys_exist', 'keys of the instance lie under the root key; destroy them first');
      }
      for (const { id } of bindings) await scope.bindings.remove(id);
      await this.progress(scope, instance, 'root-key-unset');
      this.finish(scope, 'vmware-solutions.root-key.unset', context, rootKeyFacts(active));
    });
  }

  /**
   * Drops retiring bindings under which no key lies any more, and none can come to lie: a gateway that had not heard of
   * the change may have begun a Create under them. What API keys they had go with them. The trail says of each that it
   * can be deleted now. @returns how many
   */
  async dropRetired(instanceId: InstanceId, quiet: QuietSince, by: ActionContext): Promise<number> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      await lockedInstance(scope);
      let dropped = 0;
      const credentials = await scope.credentials.former();
      for (const binding of await scope.bindings.list()) {
        if (binding.status !== 'retiring' || (await isNeeded(scope, binding, quiet))) continue;
        const own = credentials.find(({ bindingId }) => bindingId === binding.id);
        await scope.bindings.remove(binding.id);
        if (own !== undefined) {
          this.finish(scope, 'vmware-solutions.credential.unset', by, formerCredentialFacts(own, binding));
        }
        scope.record(moveFinishedEvent(by, this.clock, binding));
        dropped += 1;
      }
      if (dropped > 0) scope.invalidate();
      return dropped;
    });
  }

  /** What a probe of the root key found; `undefined` when all is well. Not a change of the binding: no audit record. */
  async noteProbe(instanceId: InstanceId, bindingId: string, finding: string | undefined): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      // A binding is written as a whole: what somebody else changes meanwhile would be taken back.
      await lockedInstance(scope);
      const found = (await scope.bindings.list()).find(({ id }) => id === bindingId);
      if (found === undefined) return;
      const noted = {
        ...omit(found, 'statusDetail'),
        checkedAt: this.clock.now(),
        // It may be over soon: a test is due at once.
        ...(finding === undefined ? {} : { statusDetail: finding, lookDueAt: this.clock.now() }),
      };
      await scope.bindings.update(noted);
    });
  }

  /** Stores the API key in place of the present one, which is unused from then on. */
  async setCredential(
    instanceId: InstanceId,
    request: NewCredential,
    context: ActionContext,
    revision?: number,
    risk: CredentialRisk = {},
  ): Promise<Credential> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      const details = await lossAccepted(scope, risk);
      return this.storeCredential(scope, request, context, revision, details);
    });
  }

  /** What {@link setCredential} asks for, without setting anything. @throws TenancyError `confirmation_needed` */
  async judgeCredential(instanceId: InstanceId, risk: CredentialRisk): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, (scope) => lossAccepted(scope, risk));
  }

  /** Never with the API key. @throws TenancyError('credential_not_set') */
  async getCredential(instanceId: InstanceId): Promise<Credential> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      return withoutApiKey((await scope.credentials.get()) ?? credentialNotSet());
    });
  }

  /** Of former root keys that are reached with another API key than the active one, by binding. */
  async formerCredentials(instanceId: InstanceId): Promise<ReadonlyMap<string, Credential>> {
    const former = await this.unitOfWork.forTenant(instanceId, ({ credentials }) => credentials.former());
    return new Map(former.map((one) => [one.bindingId, withoutApiKey(one)]));
  }

  /**
   * Stores the API key with which a former root key is reached from now on, in place of the one before.
   * @returns undefined when the instance has no such former root key, or none any more
   * @throws TenancyError `confirmation_needed`, `credential_not_set`
   */
  async setFormerCredential(
    instanceId: InstanceId,
    bindingId: string,
    request: NewCredential,
    context: ActionContext,
    risk: CredentialRisk = {},
  ): Promise<Credential | undefined> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      await lockedInstance(scope);
      const binding = (await scope.bindings.list()).find(({ id, status }) => id === bindingId && status === 'retiring');
      if (binding === undefined) return undefined;
      const accepted = await lossAccepted(scope, risk);
      const { revision } = (await this.apiKeys.of(scope, bindingId)) ?? credentialNotSet();
      const sealed = this.apiKeys.seal(instanceId, request, revision + 1);
      await scope.credentials.putFormer({ ...sealed, bindingId });
      await scope.bindings.update(untested(binding));
      const facts = formerCredentialFacts(sealed, binding);
      const details = { ...facts.details, ...accepted };
      this.finish(scope, 'vmware-solutions.credential.set', context, { ...facts, details });
      return withoutApiKey(sealed);
    });
  }

  /**
   * Erases the API key, and those of former root keys. It is not kept anywhere, so this cannot be undone but by setting one again.
   * @param options.confirm name of the instance, when it has live keys
   * @throws TenancyError `credential_not_set`, `confirmation_needed`
   */
  async unsetCredential(
    instanceId: InstanceId,
    context: ActionContext,
    { revision, confirm }: { readonly revision?: number | undefined; readonly confirm?: string | undefined } = {},
  ): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      const instance = await lockedInstance(scope);
      const present = (await scope.credentials.get()) ?? credentialNotSet();
      checkRevision(present, revision);
      const keys = await scope.keys.countLive();
      const stops = `${counted(keys, 'key')} of the instance cannot be fetched any more, and none can be created`;
      requireConfirmation(keys === 0 ? undefined : { name: instance.name, stops }, confirm);
      await scope.credentials.remove();
      await this.progress(scope, instance, 'credential-unset');
      const facts = credentialFacts(present);
      const details = { ...facts.details, liveKeys: keys };
      this.finish(scope, 'vmware-solutions.credential.unset', context, { ...facts, details });
    });
  }

  /**
   * The caller wipes it.
   * @param bindingId whose root key it is to reach; without one, that of a root key that is yet to be bound
   * @throws TenancyError `credential_not_set`, `credential_unreadable`
   */
  async openApiKey(instanceId: InstanceId, bindingId = ''): Promise<Secret> {
    const sealed = await this.unitOfWork.forTenant(instanceId, (scope) => this.apiKeys.of(scope, bindingId));
    return sealed === undefined ? credentialNotSet() : this.apiKeys.open(sealed);
  }

  /** @throws TenancyError `root_key_not_set`, `credential_not_set`, `credential_unreadable` */
  async access(instanceId: InstanceId): Promise<RootKeyAccess> {
    const { options, bindings, sealed, former } = await this.unitOfWork.forTenant(instanceId, async (scope) => ({
      options: (await scope.instance.get()) ?? DEFAULT_OPTIONS,
      bindings: await scope.bindings.list(),
      sealed: await scope.credentials.get(),
      former: await scope.credentials.former(),
    }));
    const active = bindings.find(({ status }) => status === 'active');
    if (active === undefined) throw rootKeyNotSet();
    if (sealed === undefined) return credentialNotSet();
    return {
      active,
      retiring: bindings.filter(({ status }) => status === 'retiring'),
      credentialId: sealed.id,
      apiKey: this.apiKeys.open(sealed),
      formerCredentialIds: new Map(former.map(({ bindingId, id }) => [bindingId, id])),
      options,
    };
  }

  /** Moves an instance's credentials to the newest service key. @returns false when they were there already */
  async reseal(instanceId: InstanceId): Promise<boolean> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      await scope.instance.lock();
      return this.apiKeys.reseal(scope);
    });
  }

  private async bind(
    scope: TenantScope,
    wanted: RootKeyBinding,
    context: ActionContext,
    revision?: number,
    credential?: NewRootKeyCredential,
  ): Promise<RootKeyBinding> {
    const instance = await lockedInstance(scope);
    if (credential === undefined && (await scope.credentials.get()) === undefined) {
      throw new TenancyError('credential_not_set', 'set the API key before the root key');
    }
    const bindings = await scope.bindings.list();
    const active = bindings.find(({ status }) => status === 'active');
    if (active !== undefined) checkRevision(active, revision);
    const bound = await this.replace(scope, wanted, active, bindings, context);
    const change = await this.apiKeys.follow(scope, bound, bindings, credential);
    await this.progress(scope, instance, 'root-key-set');
    if (change.set !== undefined) await this.credentialFollowed(scope, change, context);
    const facts = rootKeyFacts(bound);
    const wasFormer = bindings.some(({ id, status }) => id === bound.id && status === 'retiring');
    const details = { ...facts.details, ...(wasFormer && { rolledBack: true }) };
    this.finish(scope, 'vmware-solutions.root-key.set', context, { ...facts, details });
    return bound;
  }

  private async storeCredential(
    scope: TenantScope,
    request: NewCredential,
    context: ActionContext,
    revision?: number,
    accepted: NonNullable<AuditEvent['details']> = {},
  ): Promise<Credential> {
    const instance = await lockedInstance(scope);
    const present = await scope.credentials.get();
    if (present !== undefined) checkRevision(present, revision);
    const credential = this.apiKeys.seal(scope.instanceId, request, (present?.revision ?? 0) + 1);
    await scope.credentials.put(credential);
    // What the API key before it met says nothing of this one.
    const others = new Set((await scope.credentials.former()).map(({ bindingId }) => bindingId));
    for (const binding of await scope.bindings.list())
      if (!others.has(binding.id)) await scope.bindings.update(untested(binding));
    await this.progress(scope, instance, 'credential-set');
    const facts = credentialFacts(credential);
    const details = { ...facts.details, ...accepted };
    this.finish(scope, 'vmware-solutions.credential.set', context, { ...facts, details });
    return withoutApiKey(credential);
  }

  /** The API key in force is another one since the root key is. */
  private async credentialFollowed(
    scope: TenantScope,
    { set, broughtBack, keptFor, changedFor }: ApiKeyChange,
    context: ActionContext,
  ): Promise<void> {
    if (set === undefined) return;
    for (const binding of await scope.bindings.list()) {
      if (changedFor.has(binding.id)) await scope.bindings.update(untested(binding));
    }
    const facts = credentialFacts(set);
    const details = {
      ...facts.details,
      ...(broughtBack && { broughtBack }),
      ...(keptFor.length > 0 && { formerKeptFor: keptFor.map(({ rootKeyId }) => rootKeyId).join(' ') }),
    };
    this.finish(scope, 'vmware-solutions.credential.set', context, { ...facts, details });
  }

  private toBinding(instanceId: InstanceId, request: NewRootKeyBinding): RootKeyBinding {
    const { keyManagerCrn, discoveredEndpoint, visibility = 'public' } = request;
    const now = this.clock.now();
    return {
      instanceId,
      id: this.newId(),
      kind: this.endpoints.kindOf(keyManagerCrn),
      keyManagerCrn,
      endpointUrl:
        discoveredEndpoint === undefined
          ? this.endpoints.build(keyManagerCrn, visibility)
          : this.endpoints.accept(keyManagerCrn, discoveredEndpoint),
      endpointVisibility: visibility,
      rootKeyId: request.rootKeyId,
      ...(request.keyRingId === undefined ? {} : { keyRingId: request.keyRingId }),
      status: 'active',
      createdAt: now,
      updatedAt: now,
      revision: 1,
      moveAttempt: 0,
    };
  }

  private async replace(
    scope: TenantScope,
    wanted: RootKeyBinding,
    active: RootKeyBinding | undefined,
    bindings: readonly RootKeyBinding[],
    context: ActionContext,
  ): Promise<RootKeyBinding> {
    const revision = Math.max(0, ...bindings.map((binding) => binding.revision)) + 1;
    const known = bindings.find((binding) => isSameRootKey(binding, wanted));
    if (active !== undefined && active.id !== known?.id) await this.retire(scope, active, context);
    if (known === undefined) {
      const bound = { ...wanted, revision };
      await scope.bindings.insert(bound);
      return bound;
    }
    // Also one that was replaced before: its keys are at home again.
    const bound = { ...wanted, id: known.id, createdAt: known.createdAt, revision };
    await scope.bindings.update(bound);
    return bound;
  }

  /** Its keys are to leave it from now on. */
  private async retire(scope: TenantScope, active: RootKeyBinding, context: ActionContext): Promise<void> {
    const updatedAt = this.clock.now();
    const former = { ...omit(active, 'moves', 'movesPausedAt'), status: 'retiring', updatedAt } as const;
    await scope.bindings.update(former);
    const begun = await moveStatusOf(scope, former);
    if (begun !== undefined)
      scope.record(moveEvent(context, this.clock, begun, 'vmware-solutions.root-key-move.begin'));
  }

  private async progress(scope: TenantScope, instance: Instance, step: TenantStep): Promise<void> {
    const state = afterStep(instance.state, step);
    if (state === instance.state) return;
    const { revision } = instance;
    await scope.instance.update({ ...instance, state, updatedAt: this.clock.now(), revision: revision + 1 });
  }

  private finish(
    scope: TenantScope,
    action: AuditAction,
    context: ActionContext,
    facts: Pick<AuditEvent, 'target' | 'details'>,
  ): void {
    scope.record(successEvent(context, this.clock, scope.instanceId, action, facts));
    scope.invalidate();
  }
}

async function isNeeded(
  { keys }: TenantScope,
  { rootKeyId, updatedAt }: RootKeyBinding,
  { retiredBefore, creationsBefore }: QuietSince,
): Promise<boolean> {
  if (updatedAt >= retiredBefore || (await keys.countUnder(rootKeyId)) > 0) return true;
  return keys.mayBeNeeded(rootKeyId, creationsBefore);
}

type RootKeyName = Pick<RootKeyBinding, 'keyManagerCrn' | 'rootKeyId'>;

const isSameRootKey = (one: RootKeyName, other: RootKeyName): boolean =>
  one.rootKeyId === other.rootKeyId && one.keyManagerCrn === other.keyManagerCrn;

const rootKeyNotSet = (): TenancyError => new TenancyError('root_key_not_set', 'no root key is set for the instance');

function credentialNotSet(): never {
  throw new TenancyError('credential_not_set', 'no API key is set for the instance');
}
