import { type Clock, type InstanceId, type Secret } from '@lib/kernel';

import { type CredentialSealer } from './credential-sealer';
import { type TenantScope } from './ports';
import { type FormerCredential, type RootKeyBinding, type SealedCredential } from './root-key-binding';

export interface NewCredential {
  readonly apiKey: Secret;
  readonly serviceIdIamId?: string;
}

/** An API key that comes with a root key. */
export interface NewRootKeyCredential extends NewCredential {
  /** Bindings that were tried with it: they are reached with it from now on, all others with the one of before. */
  readonly reaches: ReadonlySet<string>;
}

/** What becomes of the API keys when a root key is bound. */
export interface ApiKeyChange {
  /** Present: the API key in force is another one. */
  readonly set?: SealedCredential;
  /** It is the one with which the root key was reached while it was a former one. */
  readonly broughtBack: boolean;
  /** Former root keys that keep the API key of before. */
  readonly keptFor: readonly RootKeyBinding[];
  /** Bindings that are reached with another credential than before. */
  readonly changedFor: ReadonlySet<string>;
}

/**
 * The API keys of instances, sealed: the one in force, which the active root key is reached with, and those that former
 * root keys keep until no key lies under them any more.
 */
export class ApiKeyRing {
  constructor(
    private readonly sealer: CredentialSealer,
    private readonly clock: Clock,
    private readonly newId: () => string,
  ) {}

  seal(instanceId: InstanceId, { apiKey, serviceIdIamId }: NewCredential, revision: number): SealedCredential {
    const id = this.newId();
    const { serviceKeyVersion, bytes } = this.sealer.seal({ instanceId, rowId: id }, apiKey);
    return {
      instanceId,
      id,
      ...(serviceIdIamId === undefined ? {} : { serviceIdIamId }),
      createdAt: this.clock.now(),
      revision,
      serviceKeyVersion,
      sealedApiKey: bytes,
    };
  }

  /** The caller wipes it. @throws TenancyError('credential_unreadable') */
  open({ instanceId, id, serviceKeyVersion, sealedApiKey: bytes }: SealedCredential): Secret {
    return this.sealer.open({ instanceId, rowId: id }, { serviceKeyVersion, bytes });
  }

  /** Which API key reaches a root key. @returns undefined when none is set */
  async of(scope: TenantScope, bindingId: string): Promise<SealedCredential | undefined> {
    const former = (await scope.credentials.former()).find((one) => one.bindingId === bindingId);
    return former ?? (await scope.credentials.get());
  }

  /**
   * The API key in force follows the root key that was bound; whom it does not reach keeps the one of before.
   * @param bindings as they were before
   * @param given that came with the root key
   */
  async follow(
    scope: TenantScope,
    bound: RootKeyBinding,
    bindings: readonly RootKeyBinding[],
    given: NewRootKeyCredential | undefined,
  ): Promise<ApiKeyChange> {
    const former = await scope.credentials.former();
    const own = former.find(({ bindingId }) => bindingId === bound.id);
    if (given === undefined && own === undefined) return { broughtBack: false, keptFor: [], changedFor: new Set() };
    const present = await scope.credentials.get();
    const sharing = bindings.filter(({ id }) => id !== bound.id && former.every(({ bindingId }) => bindingId !== id));
    const keptFor = present === undefined ? [] : sharing.filter(({ id }) => given?.reaches.has(id) !== true);
    if (present !== undefined) {
      for (const { id } of keptFor) await scope.credentials.putFormer({ ...this.#again(present), bindingId: id });
    }
    const revision = (present?.revision ?? 0) + 1;
    const set = given === undefined ? this.#again(own ?? never()) : this.seal(scope.instanceId, given, revision);
    await scope.credentials.removeFormer(bound.id);
    await scope.credentials.put({ ...set, revision });
    const changedFor = new Set([bound, ...sharing].map(({ id }) => id));
    return { set, broughtBack: given === undefined, keptFor, changedFor };
  }

  /** Moves what is sealed under an older service key to the newest one. @returns whether there was any */
  async reseal(scope: TenantScope): Promise<boolean> {
    const isOutdated = (sealed: SealedCredential): boolean => sealed.serviceKeyVersion !== this.sealer.newestVersion;
    const present = await scope.credentials.get();
    const outdated: readonly FormerCredential[] = (await scope.credentials.former()).filter(isOutdated);
    if (present !== undefined && isOutdated(present)) await scope.credentials.put(this.#underNewest(present));
    for (const former of outdated) {
      await scope.credentials.putFormer({ ...this.#underNewest(former), bindingId: former.bindingId });
    }
    return outdated.length > 0 || (present !== undefined && isOutdated(present));
  }

  /** In another row: a sealed text opens in its own alone. */
  #again(sealed: SealedCredential): SealedCredential {
    const apiKey = this.open(sealed);
    try {
      return { ...this.seal(sealed.instanceId, { ...sealed, apiKey }, sealed.revision), createdAt: sealed.createdAt };
    } finally {
      apiKey.wipe();
    }
  }

  #underNewest(sealed: SealedCredential): SealedCredential {
    const { instanceId, id, serviceKeyVersion, sealedApiKey: bytes } = sealed;
    const moved = this.sealer.reseal({ instanceId, rowId: id }, { serviceKeyVersion, bytes });
    return { ...sealed, serviceKeyVersion: moved.serviceKeyVersion, sealedApiKey: moved.bytes };
  }
}

function never(): never {
  throw new Error('an API key is given, or the root key has one of its own');
}
