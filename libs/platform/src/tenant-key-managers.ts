import { BoundedMap, type InstanceId } from '@lib/kernel';
import { type KeyManager, type KeyManagerBinding, type KeyManagerRegistry, type Successor } from '@lib/key-manager';
import {
  adapterVersion,
  type InvalidationBus,
  type InstanceOptions,
  type KeyGeneration,
  type RootKeyBinding,
  type RootKeyBindingService,
  TenancyError,
} from '@lib/tenancy';

/** How to reach the root keys of one instance. */
export interface TenantKeyManager {
  readonly bindingId: string;
  /** Of key manager. */
  readonly kind: string;
  /** Of the adapter. */
  readonly version: string;
  readonly keyManager: KeyManager;
  readonly rootKeyId: string;
  /** Key manager of a root key that was bound before. */
  readonly keyManagerOf: (rootKeyId: string) => KeyManager | undefined;
  readonly keyGeneration: KeyGeneration;
  readonly purgeDestroyedKeys: boolean;
}

export interface FormerRootKey {
  readonly bindingId: string;
  readonly kind: string;
  /** Of the adapter. */
  readonly version: string;
  readonly rootKeyId: string;
  readonly keyManager: KeyManager;
  /** When another root key took its place. */
  readonly retiredAt: Date;
  /** The administrator wants no key moved away from it for now. */
  readonly paused: boolean;
}

/** A binding, and how its adapter is asked for: made once for each revision of it. */
interface KnownBinding {
  readonly binding: RootKeyBinding;
  readonly target: KeyManagerBinding;
}

interface Known {
  /** Number of the reading. */
  readonly asOf: number;
  readonly bindings: readonly KnownBinding[];
  /** By binding. */
  readonly credentialIds: ReadonlyMap<string, string>;
  readonly options: InstanceOptions;
}

/** Instances; more than the registry has adapters, so that none of them is forgotten before its adapter is. */
const REMEMBERED = 10_000;

/**
 * Root-key bindings, and how they are to be used, in memory, so that a request asks the database for its key only. A change anywhere in the region
 * drops what is known of that instance; the next request reads it anew.
 */
export class TenantKeyManagers {
  readonly #known = new BoundedMap<InstanceId, Promise<Known | undefined>>(REMEMBERED);
  /** Credentials behind the adapters of an instance, by binding. */
  readonly #inUse = new BoundedMap<InstanceId, ReadonlyMap<string, string>>(REMEMBERED);
  #readings = 0;
  #unsubscribe: (() => void) | undefined;

  constructor(
    private readonly bindings: RootKeyBindingService,
    private readonly registry: KeyManagerRegistry,
    private readonly bus: InvalidationBus,
  ) {}

  start(): void {
    this.#unsubscribe = this.bus.subscribe((invalidation) => {
      if (invalidation.kind === 'everything') this.#known.clear();
      else void this.#reread(invalidation.instanceId);
    });
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.registry.close();
  }

  /** @returns undefined while no root key or no credential is set */
  async for(instanceId: InstanceId): Promise<TenantKeyManager | undefined> {
    const known = await this.#load(instanceId);
    const active = known?.bindings.find(({ binding }) => binding.status === 'active');
    if (known === undefined || active === undefined) return undefined;
    this.#inUse.set(instanceId, known.credentialIds);
    return {
      bindingId: active.binding.id,
      kind: active.binding.kind,
      version: active.target.version,
      keyManager: this.registry.for(active.target),
      rootKeyId: active.binding.rootKeyId,
      keyManagerOf: (rootKeyId) => {
        const bound = known.bindings.find(({ binding }) => binding.rootKeyId === rootKeyId);
        return bound && this.registry.for(bound.target);
      },
      keyGeneration: known.options.keyGeneration,
      purgeDestroyedKeys: known.options.purgeDestroyedKeys,
    };
  }

  /** Root keys that were bound before and may hold keys still, newest first. */
  async former(instanceId: InstanceId): Promise<readonly FormerRootKey[]> {
    const known = await this.#load(instanceId);
    if (known === undefined) return [];
    return known.bindings
      .filter(({ binding }) => binding.status === 'retiring')
      .map(({ binding, target }) => ({
        bindingId: binding.id,
        kind: binding.kind,
        version: target.version,
        rootKeyId: binding.rootKeyId,
        keyManager: this.registry.for(target),
        retiredAt: binding.updatedAt,
        paused: binding.movesPausedAt !== undefined,
      }));
  }

  /**
   * Most changes of an instance concern neither root key nor credential, and must not fail the requests under way.
   * The adapters go at once only with their credential, since a token must not outlive one that was taken away, and with
   * their binding.
   */
  async #reread(instanceId: InstanceId): Promise<void> {
    this.#known.delete(instanceId);
    const inUse = this.#inUse.get(instanceId);
    if (inUse === undefined) return;
    const known = await this.#load(instanceId).catch(() => undefined);
    const still = [...(known?.credentialIds ?? [])].filter(([id, credentialId]) => inUse.get(id) === credentialId);
    if (known === undefined) this.#inUse.delete(instanceId);
    else this.#inUse.set(instanceId, known.credentialIds);
    this.registry.invalidate(instanceId, new Set(still.map(([id]) => id)));
  }

  #load(instanceId: InstanceId): Promise<Known | undefined> {
    const known = this.#known.get(instanceId);
    if (known !== undefined) return known;
    const loading = this.#read(instanceId);
    this.#known.set(instanceId, loading);
    // A failed read must not be remembered; one that was dropped meanwhile is not ours to remove.
    loading.catch(() => {
      if (this.#known.get(instanceId) === loading) this.#known.delete(instanceId);
    });
    return loading;
  }

  async #read(instanceId: InstanceId): Promise<Known | undefined> {
    this.#readings += 1;
    const asOf = this.#readings;
    try {
      const { active, retiring, credentialId, formerCredentialIds, apiKey, options } =
        await this.bindings.access(instanceId);
      apiKey.wipe();
      const known = [active, ...retiring].map((binding) => {
        const ownId = formerCredentialIds.get(binding.id) ?? credentialId;
        return { binding, ownId, target: this.#target(binding, ownId, asOf) };
      });
      const credentialIds = new Map(known.map(({ binding, ownId }) => [binding.id, ownId]));
      return { asOf, bindings: known, credentialIds, options };
    } catch (error) {
      if (error instanceof TenancyError && NOT_SET.has(error.code)) return undefined;
      throw error;
    }
  }

  #target(binding: RootKeyBinding, credentialId: string, asOf: number): KeyManagerBinding {
    const { instanceId, id, kind, endpointUrl, keyManagerCrn, rootKeyId, keyRingId } = binding;
    return {
      kind,
      instanceId,
      bindingId: id,
      // Another try is one with another adapter: what is remembered of the one before, refusals included, is its own.
      version: adapterVersion(binding, credentialId),
      baseUrl: endpointUrl,
      keyManager: keyManagerCrn,
      rootKeyId,
      ...(keyRingId === undefined ? {} : { keyRing: keyRingId }),
      asOf,
      successor: this.#successor(instanceId, id),
      openCredential: () => this.bindings.openApiKey(instanceId, id),
    };
  }

  /** A call that was refused may have met a change that we have not heard of yet: what is known is read anew. */
  #successor(instanceId: InstanceId, bindingId: string): Successor {
    return async (why) => {
      if (why === 'refused') this.#known.delete(instanceId);
      const known = await this.#load(instanceId);
      const bound = known?.bindings.find(({ binding }) => binding.id === bindingId);
      if (bound === undefined) throw new TenancyError('root_key_not_set', 'the root key or its API key was taken away');
      return this.registry.for(bound.target);
    };
  }
}

const NOT_SET: ReadonlySet<string> = new Set(['root_key_not_set', 'credential_not_set']);
