import { type Clock, Secret, systemClock } from '@lib/kernel';
import {
  type Aad,
  type CallContext,
  type DeletedKey,
  type KeyManager,
  KeyManagerError,
  mayBeRolledBack,
  restorableUntil,
  type RewrapResult,
  type RootKeyDescription,
  type StoredKey,
  type UnwrapResult,
  type WrapResult,
} from '@lib/key-manager';
import { randomBytes, randomUUID } from 'node:crypto';

import { FakeRootKey } from './fake-root-key';
import { type FaultOptions, FaultScript, type KeyManagerMethod } from './fault-script';

/** What the credential may do, after Key Protect's service roles; a `purger` is a Manager with the role KeyPurge. */
export type FakeRole = 'reader' | 'writer' | 'manager' | 'purger';

export interface KeyManagerCall {
  readonly method: KeyManagerMethod;
  readonly correlationId: string;
  readonly givesWay: boolean;
  readonly aad?: Aad;
  /** Stored key id, name or prefix the call was about. */
  readonly target?: string;
}

export interface StoredRecord extends StoredKey {
  readonly payload: Buffer;
  deletedAt?: Date;
  purgedAt?: Date;
}

/** All credentials of one instance see the same of it. */
interface InstanceView {
  /** Set while the region is failed over: what is shown is the state of that moment. */
  since?: Date;
  /** So long after it was stored a search by name does not find a key; lists do. */
  searchLagMs?: number;
}

export interface FakeKeyManagerOptions {
  readonly role?: FakeRole;
  readonly clock?: Clock;
  readonly rootKey?: FakeRootKey;
}

const PURGEABLE_AFTER_MS = 4 * 3_600_000;
const MAXIMUM_PAYLOAD_BYTES = 7_500;
const RANK: Record<FakeRole, number> = { reader: 0, writer: 1, manager: 2, purger: 2 };

/**
 * An in-memory key manager that behaves like Key Protect where the gateway can tell: versions, states, roles, names
 * that are not unique, and faults before or after the effect. Tests play the tenant through it as well.
 */
export class FakeKeyManager implements KeyManager {
  readonly rootKey: FakeRootKey;
  readonly calls: KeyManagerCall[] = [];
  role: FakeRole;
  /** False: IAM refuses the API key, every call fails with `credential_rejected`. */
  credentialAccepted = true;

  readonly #faults = new FaultScript();
  readonly #clock: Clock;
  readonly #stored: Map<string, StoredRecord>;
  readonly #view: InstanceView;

  constructor(options: FakeKeyManagerOptions = {}, stored = new Map<string, StoredRecord>(), view: InstanceView = {}) {
    this.rootKey = options.rootKey ?? new FakeRootKey();
    this.role = options.role ?? 'manager';
    this.#clock = options.clock ?? systemClock;
    this.#stored = stored;
    this.#view = view;
  }

  /** The same instance seen with another credential. */
  withRole(role: FakeRole): FakeKeyManager {
    return new FakeKeyManager({ role, clock: this.#clock, rootKey: this.rootKey }, this.#stored, this.#view);
  }

  /** The same instance bound to another root key, as after a change of the binding. */
  withRootKey(rootKey: FakeRootKey): FakeKeyManager {
    return new FakeKeyManager({ role: this.role, clock: this.#clock, rootKey }, this.#stored, this.#view);
  }

  failNext(method: KeyManagerMethod, fault: KeyManagerError['fault'], options?: FaultOptions): void {
    this.#faults.failNext(method, fault, options);
  }

  /** Calls of `method` wait until the returned function is called or their deadline fires. */
  hang(method: KeyManagerMethod): () => void {
    return this.#faults.hang(method);
  }

  recover(): void {
    this.#faults.recover();
  }

  rotate(): void {
    this.rootKey.rotate();
  }

  disable(): void {
    this.rootKey.state = 'suspended';
  }

  enable(): void {
    this.rootKey.state = 'active';
  }

  expire(): void {
    this.rootKey.state = 'deactivated';
  }

  deleteRootKey(): void {
    this.rootKey.state = 'destroyed';
  }

  /** The tenant deletes one stored key in their own console: that key is shredded. */
  deleteStoredKey(id: string): void {
    const record = this.#stored.get(id);
    if (record === undefined) throw new Error(`no stored key ${id}`);
    record.deletedAt = this.#clock.now();
  }

  /** The tenant takes the deletion of one back. */
  restoreStoredKey(id: string): void {
    delete this.#stored.get(id)?.deletedAt;
  }

  /** The region fails over: what was stored after `since` is not known, what was deleted after it is there again. */
  failOver(since: Date): void {
    this.#view.since = since;
  }

  failBack(): void {
    delete this.#view.since;
  }

  /** The instance is for good what it was at `since`, and goes on from there. */
  rollBack(since: Date): void {
    for (const [id, record] of this.#stored) {
      if (record.createdAt > since) this.#stored.delete(id);
      else {
        if (record.purgedAt !== undefined && record.purgedAt > since) delete record.purgedAt;
        if (record.deletedAt !== undefined && record.deletedAt > since) delete record.deletedAt;
      }
    }
  }

  /** The same for all that see the same instance. */
  get instance(): object {
    return this.#view;
  }

  get isFailedOver(): boolean {
    return this.#view.since !== undefined;
  }

  set searchLagMs(milliseconds: number) {
    this.#view.searchLagMs = milliseconds;
  }

  get searchLags(): boolean {
    return (this.#view.searchLagMs ?? 0) > 0;
  }

  /** What only someone with rights in the tenant's instance, or a fault of it, can do: other bytes under the same id. */
  replacePayload(id: string, payload: Buffer): void {
    const record = this.#stored.get(id);
    if (record === undefined) throw new Error(`no stored key ${id}`);
    this.#stored.set(id, { ...record, payload });
  }

  /** What only someone with rights in the tenant's instance does: a stored key that nobody asked for. @returns its id */
  plant(name: string, payload: Buffer): string {
    const id = randomUUID();
    this.#stored.set(id, { id, name, createdAt: this.#clock.now(), payload });
    return id;
  }

  /** Everything that was ever stored, whatever is shown of it. */
  records(): readonly StoredRecord[] {
    return [...this.#stored.values()];
  }

  /** Live stored keys, oldest first. */
  storedKeys(): readonly StoredKey[] {
    return [...this.#stored.values()].filter((record) => this.#shown(record) === 'live').map(describe);
  }

  callsOf(method: KeyManagerMethod): readonly KeyManagerCall[] {
    return this.calls.filter((call) => call.method === method);
  }

  wrap(context: CallContext, aad: Aad, plaintext?: Secret): Promise<WrapResult> {
    return this.#call('wrap', context, { aad }, () => {
      this.#requireRootKey('wrap');
      const generated = plaintext === undefined ? Secret.of(randomBytes(32)) : undefined;
      const ciphertext = this.rootKey.wrap((plaintext ?? generated ?? missing()).expose(), aad);
      const result = { ciphertext, rootKeyVersion: this.rootKey.version };
      return generated === undefined ? result : { ...result, plaintext: generated };
    });
  }

  unwrap(context: CallContext, aad: Aad, ciphertext: string): Promise<UnwrapResult> {
    return this.#call('unwrap', context, { aad }, () => {
      this.#requireRootKey('unwrap');
      const { plaintext, version } = this.rootKey.unwrap(ciphertext, aad);
      return { plaintext: Secret.of(plaintext), rootKeyVersion: version };
    });
  }

  rewrap(context: CallContext, aad: Aad, ciphertext: string): Promise<RewrapResult> {
    return this.#call('rewrap', context, { aad }, () => {
      this.#requireRootKey('unwrap');
      const { plaintext } = this.rootKey.unwrap(ciphertext, aad);
      const result = { ciphertext: this.rootKey.wrap(plaintext, aad), rootKeyVersion: this.rootKey.version };
      plaintext.fill(0);
      return result;
    });
  }

  storeKey(context: CallContext, name: string, payload: Buffer): Promise<StoredKey> {
    return this.#call('storeKey', context, { target: name }, () => {
      this.#requireRole('writer', 'store a key');
      if (payload.length === 0 || payload.length > MAXIMUM_PAYLOAD_BYTES || name.length < 2 || name.length > 90) {
        throw new KeyManagerError('refused', 'the key manager refuses the name or the size of the key', {
          httpStatus: 400,
          reasonCode: 'INVALID_FIELD_ERR',
          certainlyNotDone: true,
        });
      }
      const id = randomUUID();
      const record = { id, name, createdAt: this.#clock.now(), payload: Buffer.from(payload) };
      this.#stored.set(id, record);
      return describe(record);
    });
  }

  fetchKey(context: CallContext, storedKeyId: string, storedAt?: Date): Promise<Buffer> {
    return this.#call('fetchKey', context, { target: storedKeyId }, () => {
      this.#requireRole('writer', 'read a key');
      const record = this.#stored.get(storedKeyId);
      const shown = this.#shown(record);
      if (record !== undefined && shown === 'live') return Buffer.from(record.payload);
      if (shown === 'unknown') this.#requireOld(storedAt);
      throw new KeyManagerError('stored_key_missing', `the key manager has no key ${storedKeyId}`);
    });
  }

  deleteKey(context: CallContext, storedKeyId: string, storedAt?: Date): Promise<Date> {
    return this.#call('deleteKey', context, { target: storedKeyId }, () => {
      this.#requireRole('manager', 'delete a key');
      const record = this.#stored.get(storedKeyId);
      const shown = this.#shown(record);
      if (record !== undefined && shown === 'live') record.deletedAt = this.#clock.now();
      if (shown === 'unknown') this.#requireOld(storedAt);
      return restorableUntil(this.#clock.now());
    });
  }

  findKeysByName(context: CallContext, name: string): Promise<readonly StoredKey[]> {
    const { searchLagMs = 0 } = this.#view;
    return this.#call('findKeysByName', context, { target: name }, () => {
      const shownUpTo = this.#clock.now().getTime() - searchLagMs;
      return this.storedKeys().filter((key) => key.name === name && key.createdAt.getTime() <= shownUpTo);
    });
  }

  findDeletedKeys(context: CallContext, name: string, storedKeyIds: readonly string[]): Promise<readonly DeletedKey[]> {
    return this.#call('findDeletedKeys', context, { target: name }, () =>
      this.records()
        .filter((record) => this.#shown(record) === 'deleted')
        .filter((record) => record.name === name || storedKeyIds.includes(record.id))
        .map((record) => {
          const deletedAt = record.deletedAt ?? this.#clock.now();
          return { id: record.id, name: record.name, restorableUntil: restorableUntil(deletedAt) };
        }),
    );
  }

  purgeKey(context: CallContext, storedKeyId: string): Promise<'purged' | 'too_early'> {
    return this.#call('purgeKey', context, { target: storedKeyId }, () => {
      if (this.role !== 'purger') {
        throw new KeyManagerError('permission_denied', 'the service ID needs the role KeyPurge', {
          httpStatus: 401,
          certainlyNotDone: true,
        });
      }
      const record = this.#stored.get(storedKeyId);
      const shown = this.#shown(record);
      if (record === undefined || shown === 'unknown') return 'purged';
      if (record.deletedAt === undefined || shown === 'live') {
        throw new KeyManagerError('refused', 'the key is not deleted', {
          httpStatus: 409,
          reasonCode: 'KEY_ACTION_INVALID_STATE_ERR',
          certainlyNotDone: true,
        });
      }
      if (this.#clock.now().getTime() - record.deletedAt.getTime() < PURGEABLE_AFTER_MS) return 'too_early';
      record.purgedAt = this.#clock.now();
      return 'purged';
    });
  }

  async *listKeys(context: CallContext, prefix: string): AsyncIterable<StoredKey> {
    yield* await this.#call('listKeys', context, { target: prefix }, () =>
      this.storedKeys().filter((key) => key.name.startsWith(prefix)),
    );
  }

  describeRootKey(context: CallContext): Promise<RootKeyDescription> {
    return this.#call('describeRootKey', context, {}, () => {
      this.#requireKnownRootKey();
      const { id, state, version } = this.rootKey;
      return { id, name: 'fake root key', state, isRootKey: true, version };
    });
  }

  #call<T>(
    method: KeyManagerMethod,
    context: CallContext,
    about: Pick<KeyManagerCall, 'aad' | 'target'>,
    effect: () => T,
  ): Promise<T> {
    const { correlationId, givesWay = false } = context;
    this.calls.push({ method, correlationId, givesWay, ...about });
    const call = this.#faults.run(method, context, () => {
      if (!this.credentialAccepted) throw new KeyManagerError('credential_rejected', 'IAM does not know this API key');
      return effect();
    });
    return call.catch((error: unknown) => {
      if (error instanceof KeyManagerError) error.rootKeyId ??= this.rootKey.id;
      throw error;
    });
  }

  #shown(record: StoredRecord | undefined): 'live' | 'deleted' | 'unknown' {
    const { since } = this.#view;
    if (record === undefined || (since !== undefined && record.createdAt > since)) return 'unknown';
    const before = (at: Date | undefined): boolean => at !== undefined && (since === undefined || at <= since);
    if (before(record.purgedAt)) return 'unknown';
    const deleted = before(record.deletedAt);
    return deleted ? 'deleted' : 'live';
  }

  /** A key this young may be one that a failed-over region does not know. */
  #requireOld(storedAt: Date | undefined): void {
    if (storedAt === undefined || !mayBeRolledBack(storedAt, this.#clock.now())) return;
    throw new KeyManagerError('stored_key_absent', 'the stored key is not there at the moment', {
      certainlyNotDone: false,
    });
  }

  #requireRole(least: FakeRole, what: string): void {
    if (RANK[this.role] >= RANK[least]) return;
    throw new KeyManagerError('permission_denied', `the service ID may not ${what}; it needs the role ${least}`, {
      httpStatus: 401,
      certainlyNotDone: true,
    });
  }

  #requireKnownRootKey(): void {
    if (!this.rootKey.unknown) return;
    throw new KeyManagerError('root_key_missing', `the key manager has no root key ${this.rootKey.id}`, {
      httpStatus: 404,
      reasonCode: 'KEY_NOT_FOUND_ERR',
    });
  }

  /** A deactivated (expired) root key still unwraps; a suspended or destroyed one does nothing. */
  #requireRootKey(action: 'wrap' | 'unwrap'): void {
    this.#requireKnownRootKey();
    const { state } = this.rootKey;
    if (state === 'active' || (state === 'deactivated' && action === 'unwrap')) return;
    if (state === 'destroyed') {
      throw new KeyManagerError('root_key_deleted', 'the root key was deleted', {
        httpStatus: 410,
        reasonCode: 'KEY_DELETED_ERR',
      });
    }
    throw new KeyManagerError(
      state === 'deactivated' ? 'root_key_expired' : 'root_key_disabled',
      `the root key is ${state}`,
      { httpStatus: 409, reasonCode: 'KEY_ACTION_INVALID_STATE_ERR' },
    );
  }
}

const describe = ({ id, name, createdAt }: StoredRecord): StoredKey => ({ id, name, createdAt });

function missing(): never {
  throw new Error('neither a given nor a generated key');
}
