import { randomBytes } from 'node:crypto';

import { type Clock, type InstanceId, Secret } from '@lib/kernel';
import { type CallContext, KeyManagerError, type KeyManager, restorableUntil } from '@lib/key-manager';

import { isFault } from '../../custody/key-manager-failure';
import { boundKeyManager } from '../../custody/root-key-binding';
import { storedKeyName } from '../../custody/stored-envelope';
import { type EngineScope } from '../../engine-scope';
import { recoverableUntil, type ManagedObject } from '../../ports/managed-object';
import { type KeyPlace, type PlannedKey, type ShownKey, type ShownRootKey, type ShredProbe } from './shred-plan';

type Bindings = Pick<EngineScope, 'keyManager' | 'rootKeyId' | 'keyManagerOf'>;

/** Said of a root key that does not unwrap any more; a key manager that is away proves nothing. */
export const ENDED: readonly string[] = ['root_key_deleted', 'root_key_missing'];

/** Shows what is left in the key manager of what was destroyed. */
export class ShredProof {
  constructor(
    private readonly scope: Bindings,
    private readonly call: CallContext,
    private readonly clock: Clock,
  ) {}

  /**
   * A value that nobody keeps, wrapped by each of the root keys while they still wrap.
   * @throws KeyManagerError while one of them may wrap later with nothing changed: by then it could not be asked any more
   */
  async probes(instanceId: InstanceId, planId: string, rootKeyIds: readonly string[]): Promise<readonly ShredProbe[]> {
    const probes: ShredProbe[] = [];
    for (const rootKeyId of rootKeyIds) {
      const keyManager = boundKeyManager(this.scope, rootKeyId);
      const ciphertext = keyManager && (await this.#wrapped(keyManager, [instanceId, planId]));
      probes.push({ rootKeyId, ...(ciphertext !== undefined && { ciphertext }) });
    }
    return probes;
  }

  /** @returns undefined while the stored key is there. @throws KeyManagerError */
  async destroyed(
    id: PlannedKey['id'],
    place: KeyPlace,
    object: Pick<ManagedObject, 'destroyDate' | 'recoverableUntil' | 'lastChangeDate'>,
  ): Promise<ShownKey | undefined> {
    const found = await this.#looked(id, place);
    return (
      found && {
        ...found,
        catalog: 'destroyed',
        destroyedAt: (object.destroyDate ?? this.clock.now()).toISOString(),
        restorableUntil: (recoverableUntil(object) ?? this.clock.now()).toISOString(),
      }
    );
  }

  /** Of a key that the catalog has not any more. @returns and throws as {@link destroyed} */
  async gone(id: PlannedKey['id'], place: KeyPlace): Promise<ShownKey | undefined> {
    const found = await this.#looked(id, place);
    return found && { ...found, catalog: 'gone', restorableUntil: restorableUntil(this.clock.now()).toISOString() };
  }

  async #looked(id: PlannedKey['id'], { storedKeyId, rootKeyId }: KeyPlace) {
    const keyManager = rootKeyId === undefined ? undefined : boundKeyManager(this.scope, rootKeyId);
    const storedKey = keyManager ? await this.#storedKey(keyManager, storedKeyId) : ('not_asked' as const);
    if (storedKey === undefined) return undefined;
    return {
      ...(storedKeyId !== undefined && { storedKeyId }),
      ...(rootKeyId !== undefined && { rootKeyId }),
      storedKey,
      othersOfTheName: await this.#othersOfTheName(id, rootKeyId),
      checkedAt: this.clock.now().toISOString(),
    };
  }

  async rootKeys(
    instanceId: InstanceId,
    planId: string,
    probes: readonly ShredProbe[],
  ): Promise<readonly ShownRootKey[]> {
    const shown: ShownRootKey[] = [];
    for (const probe of probes) {
      const found = await this.#unwrap(probe, [instanceId, planId]);
      shown.push({ rootKeyId: probe.rootKeyId, ...found, checkedAt: this.clock.now().toISOString() });
    }
    return shown;
  }

  /** Under the root key that is bound now as well: of a key that was moved meanwhile the newest lies there. */
  async #othersOfTheName(id: PlannedKey['id'], rootKeyId: string | undefined): Promise<number> {
    const ids = new Set<string>();
    for (const under of new Set([rootKeyId, this.scope.rootKeyId])) {
      const keyManager = under === undefined ? undefined : boundKeyManager(this.scope, under);
      for (const found of (await keyManager?.findKeysByName(this.call, storedKeyName(id))) ?? []) ids.add(found.id);
    }
    return ids.size;
  }

  async #storedKey(keyManager: KeyManager, storedKeyId: string | undefined): Promise<'deleted' | 'absent' | undefined> {
    if (storedKeyId === undefined) return 'absent';
    try {
      (await keyManager.fetchKey(this.call, storedKeyId)).fill(0);
      return undefined;
    } catch (error) {
      if (isFault(error, 'stored_key_missing')) return 'deleted';
      if (isFault(error, 'stored_key_absent')) return 'absent';
      throw error;
    }
  }

  async #wrapped(keyManager: KeyManager, aad: readonly string[]): Promise<string | undefined> {
    const value = Secret.of(randomBytes(32));
    try {
      return (await keyManager.wrap(this.call, aad, value)).ciphertext;
    } catch (error) {
      // Of a root key that does not wrap any more nothing can be shown by a value that it never wrapped.
      if (error instanceof KeyManagerError && !error.transient) return undefined;
      throw error;
    } finally {
      value.wipe();
    }
  }

  async #unwrap(
    { rootKeyId, ciphertext }: ShredProbe,
    aad: readonly string[],
  ): Promise<Pick<ShownRootKey, 'unwrap' | 'because'>> {
    const keyManager = boundKeyManager(this.scope, rootKeyId);
    if (keyManager === undefined) return { unwrap: 'not_asked' };
    try {
      if (ciphertext === undefined) {
        const { state } = await keyManager.describeRootKey(this.call);
        return { unwrap: 'not_asked', ...(state === 'destroyed' && { because: 'root_key_deleted' }) };
      }
      (await keyManager.unwrap(this.call, aad, ciphertext)).plaintext.wipe();
      return { unwrap: 'succeeded' };
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      const ended = ENDED.find((fault) => fault === error.fault);
      return {
        unwrap: ended === undefined || ciphertext === undefined ? 'not_asked' : 'refused',
        because: error.fault,
      };
    }
  }
}
