import { createHash, randomBytes } from 'node:crypto';

import { type InstanceId, Secret, STORED_KEY_PREFIX, toUniqueIdentifier, type UniqueIdentifier } from '@lib/kernel';
import {
  type EnvelopeFacts,
  envelopeOf,
  fieldsIn,
  OperationFailure,
  parseEnvelope,
  serializeEnvelope,
  type StoredEnvelope,
  storedKeyName,
  UNKNOWN_CREATOR,
} from '@lib/kmip-engine';
import { KeyManagerError } from '@lib/key-manager';

import { FakeKeyManager, type StoredRecord } from '../key-manager/fake-key-manager';
import { FakeRootKey } from '../key-manager/fake-root-key';
import { type ManualClock } from '../engine/manual-clock';

export const FORGERIES = [
  'other_key',
  'replay',
  'altered_copy',
  'stripped_copy',
  'altered_in_place',
  'other_key_in_place',
  'another_version',
  'foreign',
  'garbage',
] as const;
export type Forgery = (typeof FORGERIES)[number];

/** These unwrap to the key itself; a stripped one is what a release wrote that did not authenticate yet. */
export const GIVES_THE_KEY: ReadonlySet<Forgery> = new Set(['replay', 'stripped_copy']);

/** One stored key that gives back the very key of its object. */
export interface Copy {
  readonly storedKeyId: string;
  readonly keyManager: FakeKeyManager;
  readonly envelope: StoredEnvelope;
  readonly payload: Buffer;
}

/**
 * The tenant's key managers with all that lies in them. Knows what no product can: which stored keys the product wrote,
 * and what is under every root key there ever was.
 */
export class TenantVault {
  /** One for each root key; several may lie in one instance of a key manager. */
  readonly keyManagers = new Map<FakeRootKey, FakeKeyManager>();
  /** Stored keys that somebody else wrote or changed, by what became of them. */
  readonly forged = new Map<string, Forgery>();
  readonly #corrupted = new Map<FakeKeyManager, 'storeKey' | 'wrap'>();
  readonly #inPlace = new Map<string, Pick<Copy, 'keyManager' | 'payload'> & { readonly id: UniqueIdentifier }>();

  constructor(
    private readonly clock: ManualClock,
    private readonly instanceId: InstanceId,
    /** Called before the product deletes a stored key that is there. */
    private readonly judge: (record: StoredRecord) => Promise<void>,
  ) {
    this.#admit(new FakeKeyManager({ clock }));
  }

  get rootKeys(): readonly FakeRootKey[] {
    return [...this.keyManagers.keys()];
  }

  of(rootKey: FakeRootKey): FakeKeyManager {
    const keyManager = this.keyManagers.get(rootKey);
    if (keyManager === undefined) throw new Error('a root key nobody made');
    return keyManager;
  }

  /** A new root key in the instance of `beside`, or in one of its own. */
  newRootKey(beside?: FakeKeyManager): FakeRootKey {
    const rootKey = new FakeRootKey();
    this.#admit(beside?.withRootKey(rootKey) ?? new FakeKeyManager({ clock: this.clock, rootKey }));
    return rootKey;
  }

  /** Whole and genuine, or as good as that: what the product wrote, and replays of it. */
  copiesOf(id: UniqueIdentifier, key: Buffer): readonly Copy[] {
    const found = new Map<string, Copy>();
    for (const keyManager of this.keyManagers.values()) {
      for (const { id: storedKeyId, name, payload, deletedAt } of keyManager.records()) {
        if (name !== storedKeyName(id) || deletedAt !== undefined || found.has(storedKeyId)) continue;
        if ((this.forged.get(storedKeyId) ?? 'replay') !== 'replay') continue;
        const opened = this.#open(payload, id);
        if (opened?.key.equals(key) === true)
          found.set(storedKeyId, { storedKeyId, keyManager, envelope: opened.envelope, payload });
      }
    }
    return [...found.values()];
  }

  /** The key of an object that was answered for, past all faults and bindings. */
  keyOf(id: UniqueIdentifier): Buffer | undefined {
    for (const keyManager of this.keyManagers.values()) {
      for (const { id: storedKeyId, name, payload, deletedAt } of keyManager.records()) {
        if (name !== storedKeyName(id) || deletedAt !== undefined || this.forged.has(storedKeyId)) continue;
        const opened = this.#open(payload, id);
        if (opened !== undefined) return opened.key;
      }
    }
    return undefined;
  }

  /** Somebody else wrote it, and it does not give the key. */
  isAlien(storedKeyId: string): boolean {
    const forgery = this.forged.get(storedKeyId);
    return forgery !== undefined && !GIVES_THE_KEY.has(forgery);
  }

  /** Somebody with the tenant's rights writes there in our name: the newest under that name. */
  forge(forgery: Forgery, id: UniqueIdentifier, copy: Copy): void {
    const payload = this.#forgedPayload(forgery, id, copy);
    if (forgery === 'altered_in_place' || forgery === 'other_key_in_place') this.#change(id, copy, forgery, payload);
    else this.forged.set(copy.keyManager.plant(storedKeyName(id), payload), forgery);
  }

  #forgedPayload(forgery: Forgery, id: UniqueIdentifier, { envelope, payload }: Copy): Buffer {
    switch (forgery) {
      case 'other_key':
      case 'other_key_in_place':
        return this.#wholeEnvelope(id, envelope);
      case 'replay':
        return payload;
      case 'altered_copy':
        return serializeEnvelope(altered(envelope));
      case 'stripped_copy':
        return serializeEnvelope(stripped(altered(envelope)));
      case 'another_version':
        return Buffer.from(JSON.stringify({ ...envelope, v: 99 }));
      case 'foreign':
        return Buffer.from(JSON.stringify({ ...envelope, instanceId: '00000000-0000-4000-8000-000000000001' }));
      case 'garbage':
        return randomBytes(40);
      case 'altered_in_place':
        return serializeEnvelope({ ...envelope, created: '2020-01-01T00:00:00.000Z' });
    }
  }

  /** Whoever searches in one of these by name finds it. */
  isShown({ storedKeyId }: Copy, keyManagers: readonly FakeKeyManager[]): boolean {
    return keyManagers.some(
      (keyManager) => !keyManager.searchLags && keyManager.storedKeys().some(({ id }) => id === storedKeyId),
    );
  }

  /** Of the stored keys that were deleted, the first that gives the key. @returns false where there is none */
  undelete(id: UniqueIdentifier, key: Buffer): boolean {
    for (const keyManager of this.keyManagers.values()) {
      for (const { id: storedKeyId, name, payload, deletedAt } of keyManager.records()) {
        if (name !== storedKeyName(id) || deletedAt === undefined || this.forged.has(storedKeyId)) continue;
        if (this.#open(payload, id)?.key.equals(key) !== true) continue;
        keyManager.restoreStoredKey(storedKeyId);
        return true;
      }
    }
    return false;
  }

  /** A fault of the key manager: what it stores, or wraps, is something else than it was given. */
  corruptNext(keyManager: FakeKeyManager, what: 'storeKey' | 'wrap'): void {
    this.#corrupted.set(keyManager, what);
  }

  /** The region fails over to a copy of some minutes ago, and takes no writes. */
  failOver(keyManager: FakeKeyManager, since: Date): void {
    keyManager.failOver(since);
    for (const method of ['storeKey', 'deleteKey'] as const)
      keyManager.failNext(method, 'unavailable', { times: Number.POSITIVE_INFINITY, uncertain: true });
  }

  get isFailedOver(): boolean {
    return [...this.keyManagers.values()].some((keyManager) => keyManager.isFailedOver);
  }

  /** Everything works again, and the tenant gives the service all rights it asks for. */
  recover(): void {
    for (const keyManager of this.keyManagers.values()) {
      keyManager.recover();
      keyManager.failBack();
      keyManager.enable();
      keyManager.role = 'manager';
      keyManager.credentialAccepted = true;
      keyManager.searchLagMs = 0;
    }
    this.#corrupted.clear();
  }

  /** The tenant puts back what somebody changed, of keys that are wanted. */
  mend(isWanted: (id: UniqueIdentifier) => boolean): void {
    for (const [storedKeyId, { id, keyManager, payload }] of this.#inPlace) {
      if (!isWanted(id)) continue;
      keyManager.replacePayload(storedKeyId, payload);
      this.forged.delete(storedKeyId);
    }
    this.#inPlace.clear();
  }

  #admit(keyManager: FakeKeyManager): void {
    this.keyManagers.set(keyManager.rootKey, keyManager);
    const deleteKey = keyManager.deleteKey.bind(keyManager);
    keyManager.deleteKey = async (context, storedKeyId, storedAt) => {
      const record = keyManager.records().find(({ id }) => id === storedKeyId);
      if (record !== undefined && record.deletedAt === undefined) await this.judge(record);
      return deleteKey(context, storedKeyId, storedAt);
    };
    this.#makeCorruptible(keyManager);
  }

  #makeCorruptible(keyManager: FakeKeyManager): void {
    const takes = (what: 'storeKey' | 'wrap'): boolean =>
      this.#corrupted.get(keyManager) === what && this.#corrupted.delete(keyManager);
    const storeKey = keyManager.storeKey.bind(keyManager);
    keyManager.storeKey = (context, name, payload) =>
      storeKey(context, name, takes('storeKey') ? payload.subarray(0, -1) : payload);
    const wrap = keyManager.wrap.bind(keyManager);
    keyManager.wrap = (context, aad, key) => wrap(context, aad, takes('wrap') ? Secret.of(randomBytes(32)) : key);
  }

  #change(id: UniqueIdentifier, copy: Copy, forgery: Forgery, changed: Buffer): void {
    const { storedKeyId, keyManager, payload } = copy;
    this.#inPlace.set(storedKeyId, { id, keyManager, payload });
    this.forged.set(storedKeyId, forgery);
    keyManager.replacePayload(storedKeyId, changed);
  }

  #open(
    payload: Buffer,
    id: UniqueIdentifier,
  ): { readonly envelope: StoredEnvelope; readonly key: Buffer } | undefined {
    try {
      const envelope = parseEnvelope(payload);
      const rootKey = this.rootKeys.find((each) => each.id === envelope.rootKeyId);
      if (rootKey === undefined) return undefined;
      return { envelope, key: rootKey.unwrap(envelope.ciphertext, [this.instanceId, id]).plaintext };
    } catch (error) {
      if (error instanceof KeyManagerError || error instanceof OperationFailure) return undefined;
      throw error;
    }
  }

  /** With everything right about it but the key: who may wrap with the tenant's root key can make one. */
  #wholeEnvelope(id: UniqueIdentifier, like: StoredEnvelope): Buffer {
    const material = randomBytes(32);
    const rootKey = this.rootKeys.find((each) => each.id === like.rootKeyId);
    const ciphertext = (rootKey ?? new FakeRootKey()).wrap(material, [this.instanceId, id]);
    const facts: EnvelopeFacts = {
      uniqueIdentifier: id,
      ...fieldsIn(like),
      state: 'PreActive',
      suspended: false,
      initialDate: new Date(like.created),
      lastChangeDate: new Date(like.created),
      digest: createHash('sha256').update(material).digest(),
      fresh: false,
      createdBy: like.createdBy ?? UNKNOWN_CREATOR,
      attributes: [],
    };
    const { rootKeyId, rootKeyVersion } = like;
    return serializeEnvelope(
      envelopeOf(this.instanceId, facts, { rootKeyId, rootKeyVersion, ciphertext }, Secret.of(material)),
    );
  }
}

/** Whose stored key it is by its name, if it is one of the product's. */
export const ownerIn = (name: string): UniqueIdentifier | undefined =>
  name.startsWith(STORED_KEY_PREFIX) ? toUniqueIdentifier(name.slice(STORED_KEY_PREFIX.length)) : undefined;

/** It says something else of its key. */
function altered(envelope: StoredEnvelope): StoredEnvelope & { readonly usageMask: number } {
  const { cryptographicUsageMask } = fieldsIn(envelope);
  return { ...envelope, usageMask: cryptographicUsageMask ^ 4 };
}

const stripped = (envelope: StoredEnvelope): StoredEnvelope => {
  const rest: { -readonly [K in keyof StoredEnvelope]: StoredEnvelope[K] } = { ...envelope };
  delete rest.mac;
  delete rest.createdBy;
  delete rest.dates;
  delete rest.attributes;
  return rest;
};
