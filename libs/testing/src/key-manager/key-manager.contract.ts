import { newCorrelationId, Secret } from '@lib/kernel';
import {
  type CallContext,
  keepsDeletedKeys,
  type KeyManager,
  type KeyManagerError,
  type StoredKey,
} from '@lib/key-manager';
import { randomBytes, randomUUID } from 'node:crypto';

import { deletable, purgeable } from './deletable';

/** One tenant's key manager under test, and what the tenant can do to it behind our back. */
export interface KeyManagerHarness {
  /** Bound to an active root key with the role Manager. */
  readonly keyManager: KeyManager;
  /** The same instance and root key through a credential that may not delete. */
  readonly asWriter: KeyManager;
  /** The same instance through a credential that may not store or read keys. */
  readonly asReader: KeyManager;
  /** The same instance bound to a second root key. */
  readonly withOtherRootKey: KeyManager;
  /** The same instance bound to a root key that was never there. */
  readonly withUnknownRootKey: KeyManager;
  /** So many searches do not find a key of a moment ago by its name. Default none. */
  readonly searchLag?: number;
  rotateRootKey(): Promise<void>;
  disableRootKey(): Promise<void>;
  enableRootKey(): Promise<void>;
  /** Past its expiration date. Absent when the implementation's clock cannot be moved. */
  expireRootKey?(): Promise<void>;
  deleteRootKey(): Promise<void>;
  deleteStoredKey(id: string): Promise<void>;
  /** The same instance through a credential with the role that may purge, and how its time passes. */
  readonly purging?: { readonly asPurger: KeyManager; pass(milliseconds: number): void | Promise<void> };
  close(): Promise<void>;
}

const AAD = ['instance-guid', 'unique-identifier'] as const;
const context = (): CallContext => ({ correlationId: newCorrelationId() });
const uniqueName = (): string => `vmware_kmip_${randomUUID()}`;

/** What every key manager must do: run by the fake and by each real adapter. */
export function describeKeyManagerContract(
  name: string,
  make: () => Promise<KeyManagerHarness> | KeyManagerHarness,
): void {
  describe(`${name} is a KeyManager`, () => {
    let harness: KeyManagerHarness;
    let keyManager: KeyManager;

    beforeEach(async () => {
      harness = await make();
      keyManager = harness.keyManager;
    });
    afterEach(() => harness.close());

    wrapping(() => harness);
    rotation(() => harness);
    rootKeyStates(() => harness);
    storedKeys(() => harness);
    purging(() => harness);

    it('stops with a timeout when the deadline has passed before the call', async () => {
      const expired = { ...context(), signal: AbortSignal.abort() };
      await expectFault(keyManager.wrap(expired, AAD), 'timeout', { certainlyNotDone: true });
      await expectFault(keyManager.storeKey(expired, uniqueName(), Buffer.from('x')), 'timeout', {
        certainlyNotDone: true,
      });
    });
  });
}

function wrapping(harness: () => KeyManagerHarness): void {
  it('makes a fresh 32-byte key that unwraps to the same bytes', async () => {
    const { keyManager } = harness();
    const first = await keyManager.wrap(context(), AAD);
    const second = await keyManager.wrap(context(), AAD);
    expect(first.plaintext?.length).toBe(32);
    expect(first.plaintext?.expose().equals(second.plaintext!.expose())).toBe(false);
    const unwrapped = await keyManager.unwrap(context(), AAD, first.ciphertext);
    expect(unwrapped.plaintext.expose().equals(first.plaintext!.expose())).toBe(true);
    expect(unwrapped.rootKeyVersion).toBe(first.rootKeyVersion);
  });

  it.each([16, 24, 32])('wraps a given key of %i bytes and does not hand it back', async (length) => {
    const { keyManager } = harness();
    const key = randomBytes(length);
    const wrapped = await keyManager.wrap(context(), AAD, Secret.of(Buffer.from(key)));
    expect(wrapped.plaintext).toBeUndefined();
    const unwrapped = await keyManager.unwrap(context(), AAD, wrapped.ciphertext);
    expect(unwrapped.plaintext.expose().equals(key)).toBe(true);
  });

  it.each<[string, readonly string[]]>([
    ['another identifier', ['instance-guid', 'another']],
    ['the same parts in another order', ['unique-identifier', 'instance-guid']],
    ['parts with moved borders', ['instance-guidunique-', 'identifier']],
    ['no additional data', []],
  ])('rejects a ciphertext under %s', async (_what, aad) => {
    const { keyManager } = harness();
    const { ciphertext } = await keyManager.wrap(context(), AAD);
    await expectFault(keyManager.unwrap(context(), aad, ciphertext), 'ciphertext_rejected');
    await expectFault(keyManager.rewrap(context(), aad, ciphertext), 'ciphertext_rejected');
  });

  it('rejects a ciphertext of another root key', async () => {
    const { ciphertext } = await harness().withOtherRootKey.wrap(context(), AAD);
    await expectFault(harness().keyManager.unwrap(context(), AAD, ciphertext), 'ciphertext_rejected');
  });

  it('reports a root key that was never there', async () => {
    const { withUnknownRootKey } = harness();
    await expectFault(withUnknownRootKey.wrap(context(), AAD), 'root_key_missing');
    await expectFault(withUnknownRootKey.describeRootKey(context()), 'root_key_missing');
  });
}

function rotation(harness: () => KeyManagerHarness): void {
  it('keeps unwrapping after a rotation', async () => {
    const { keyManager, rotateRootKey } = harness();
    const wrapped = await keyManager.wrap(context(), AAD);
    await rotateRootKey.call(harness());
    const old = await keyManager.unwrap(context(), AAD, wrapped.ciphertext);
    expect(old.plaintext.expose().equals(wrapped.plaintext!.expose())).toBe(true);
    expect(old.rootKeyVersion).toBe(wrapped.rootKeyVersion);
  });

  it('rewraps under the newest version, which new wraps use too', async () => {
    const { keyManager } = harness();
    const wrapped = await keyManager.wrap(context(), AAD);
    await harness().rotateRootKey();
    const rewrapped = await keyManager.rewrap(context(), AAD, wrapped.ciphertext);
    expect(rewrapped.rootKeyVersion).not.toBe(wrapped.rootKeyVersion);
    expect((await keyManager.wrap(context(), AAD)).rootKeyVersion).toBe(rewrapped.rootKeyVersion);
    const unwrapped = await keyManager.unwrap(context(), AAD, rewrapped.ciphertext);
    expect(unwrapped.plaintext.expose().equals(wrapped.plaintext!.expose())).toBe(true);
    expect((await keyManager.describeRootKey(context())).version).toBe(rewrapped.rootKeyVersion);
  });
}

function rootKeyStates(harness: () => KeyManagerHarness): void {
  it('describes an active root key', async () => {
    const { keyManager } = harness();
    const { rootKeyVersion } = await keyManager.wrap(context(), AAD);
    await expect(keyManager.describeRootKey(context())).resolves.toMatchObject({
      state: 'active',
      isRootKey: true,
      version: rootKeyVersion,
    });
  });

  it('refuses everything while the root key is disabled, and serves again once it is enabled', async () => {
    const { keyManager } = harness();
    const { ciphertext } = await keyManager.wrap(context(), AAD);
    await harness().disableRootKey();
    await expectFault(keyManager.wrap(context(), AAD), 'root_key_disabled');
    await expectFault(keyManager.unwrap(context(), AAD, ciphertext), 'root_key_disabled');
    await expectFault(keyManager.rewrap(context(), AAD, ciphertext), 'root_key_disabled');
    expect((await keyManager.describeRootKey(context())).state).toBe('suspended');
    await harness().enableRootKey();
    await expect(keyManager.unwrap(context(), AAD, ciphertext)).resolves.toBeDefined();
  });

  it('still unwraps with an expired root key, but makes nothing new with it', async () => {
    const { keyManager } = harness();
    const { ciphertext } = await keyManager.wrap(context(), AAD);
    if (harness().expireRootKey === undefined) return;
    await harness().expireRootKey?.();
    await expectFault(keyManager.wrap(context(), AAD), 'root_key_expired');
    await expect(keyManager.unwrap(context(), AAD, ciphertext)).resolves.toBeDefined();
  });

  it('has shredded everything once the root key is deleted', async () => {
    const { keyManager } = harness();
    const { ciphertext } = await keyManager.wrap(context(), AAD);
    await harness().deleteRootKey();
    await expectFault(keyManager.wrap(context(), AAD), 'root_key_deleted');
    await expectFault(keyManager.unwrap(context(), AAD, ciphertext), 'root_key_deleted');
    expect((await keyManager.describeRootKey(context())).state).toBe('destroyed');
  });
}

function storedKeys(harness: () => KeyManagerHarness): void {
  it.each([1, 300, 7_500])('stores and fetches %i bytes unchanged', async (length) => {
    const { keyManager } = harness();
    const payload = randomBytes(length);
    const name = uniqueName();
    const stored = await keyManager.storeKey(context(), name, payload);
    expect(stored.name).toBe(name);
    expect(Number.isNaN(stored.createdAt.getTime())).toBe(false);
    expect((await keyManager.fetchKey(context(), stored.id)).equals(payload)).toBe(true);
  });

  it('refuses a payload above the limit and stores nothing', async () => {
    const { keyManager } = harness();
    const name = uniqueName();
    await expectFault(keyManager.storeKey(context(), name, randomBytes(7_501)), 'refused', { certainlyNotDone: true });
    expect(await keyManager.findKeysByName(context(), name)).toEqual([]);
  });

  it('finds by exact name only, all of them, and not the deleted ones', async () => {
    const { keyManager } = harness();
    const name = uniqueName();
    const first = await keyManager.storeKey(context(), name, Buffer.from('1'));
    const second = await keyManager.storeKey(context(), name, Buffer.from('2'));
    await keyManager.storeKey(context(), `${name}_x`, Buffer.from('3'));
    const { searchLag = 0 } = harness();
    for (let search = 0; search < searchLag; search += 1) await keyManager.findKeysByName(context(), name);
    expect(ids(await keyManager.findKeysByName(context(), name))).toEqual(ids([first, second]));
    await keyManager.deleteKey(context(), deletable(first.id));
    expect(ids(await keyManager.findKeysByName(context(), name))).toEqual([second.id]);
  });

  it('lists by prefix, without root keys and deleted keys', async () => {
    const { keyManager } = harness();
    const prefix = `p${randomUUID()}_`;
    const kept: StoredKey[] = [];
    for (const suffix of ['a', 'b', 'c']) {
      kept.push(await keyManager.storeKey(context(), prefix + suffix, Buffer.from(suffix)));
    }
    await keyManager.storeKey(context(), `x${prefix}`, Buffer.from('elsewhere'));
    const gone = await keyManager.storeKey(context(), `${prefix}gone`, Buffer.from('gone'));
    await keyManager.deleteKey(context(), deletable(gone.id));
    expect(ids(await collect(keyManager.listKeys(context(), prefix)))).toEqual(ids(kept));
  });

  it('misses a stored key that was deleted by us, by the tenant, or never there; deleting again is done already', async () => {
    const { keyManager } = harness();
    const ours = await keyManager.storeKey(context(), uniqueName(), Buffer.from('x'));
    await keyManager.deleteKey(context(), deletable(ours.id));
    await keyManager.deleteKey(context(), deletable(ours.id));
    const theirs = await keyManager.storeKey(context(), uniqueName(), Buffer.from('x'));
    await harness().deleteStoredKey(theirs.id);
    for (const id of [ours.id, theirs.id, randomUUID()]) {
      await expectFault(keyManager.fetchKey(context(), id), 'stored_key_missing');
    }
  });

  it('calls a stored key it does not know missing only when it is too old for a fail-over to hide it', async () => {
    const { keyManager } = harness();
    const [unknown, now, longAgo] = [randomUUID(), new Date(), new Date(0)];
    await expectFault(keyManager.fetchKey(context(), unknown, now), 'stored_key_absent', { certainlyNotDone: false });
    await expectFault(keyManager.deleteKey(context(), deletable(unknown), now), 'stored_key_absent', {
      certainlyNotDone: false,
    });
    await expectFault(keyManager.fetchKey(context(), unknown, longAgo), 'stored_key_missing');
    await expect(keyManager.deleteKey(context(), deletable(unknown), longAgo)).resolves.toBeInstanceOf(Date);
  });

  it('believes at once that a young stored key is gone when the key manager shows it as deleted', async () => {
    const { keyManager } = harness();
    const stored = await keyManager.storeKey(context(), uniqueName(), Buffer.from('x'));
    await keyManager.deleteKey(context(), deletable(stored.id), stored.createdAt);
    await expectFault(keyManager.fetchKey(context(), stored.id, stored.createdAt), 'stored_key_missing');
    await expect(keyManager.deleteKey(context(), deletable(stored.id), stored.createdAt)).resolves.toBeInstanceOf(Date);
  });

  it('fetches stored keys although the root key is disabled: only the unwrap is refused', async () => {
    const { keyManager } = harness();
    const stored = await keyManager.storeKey(context(), uniqueName(), Buffer.from('x'));
    await harness().disableRootKey();
    expect((await keyManager.fetchKey(context(), stored.id)).toString()).toBe('x');
  });

  it('lets a Writer do everything but delete', async () => {
    const { asWriter } = harness();
    const { ciphertext } = await asWriter.wrap(context(), AAD);
    await asWriter.unwrap(context(), AAD, ciphertext);
    const stored = await asWriter.storeKey(context(), uniqueName(), Buffer.from('x'));
    await expectFault(asWriter.deleteKey(context(), deletable(stored.id)), 'permission_denied');
    expect((await asWriter.fetchKey(context(), stored.id)).toString()).toBe('x');
  });

  it('tells by a key that was never there who may delete: permission comes first', async () => {
    await expect(harness().keyManager.deleteKey(context(), deletable(randomUUID()))).resolves.toBeInstanceOf(Date);
    await expectFault(harness().asWriter.deleteKey(context(), deletable(randomUUID())), 'permission_denied');
  });

  it('lets a Reader wrap and unwrap, but neither store nor read keys', async () => {
    const { asReader, keyManager } = harness();
    const { ciphertext } = await asReader.wrap(context(), AAD);
    await asReader.unwrap(context(), AAD, ciphertext);
    const stored = await keyManager.storeKey(context(), uniqueName(), Buffer.from('x'));
    await expectFault(asReader.storeKey(context(), uniqueName(), Buffer.from('x')), 'permission_denied');
    await expectFault(asReader.fetchKey(context(), stored.id), 'permission_denied');
  });
}

function purging(harness: () => KeyManagerHarness): void {
  const settings = (): NonNullable<KeyManagerHarness['purging']> => {
    const { purging: given } = harness();
    if (given === undefined) throw new Error('the harness does not say who may purge');
    return given;
  };

  it('shows what was deleted by name and by id, and nothing that is there', async () => {
    const { keyManager } = harness();
    if (!keepsDeletedKeys(keyManager)) return;
    const [name, other] = [uniqueName(), uniqueName()];
    const kept = await keyManager.storeKey(context(), name, Buffer.from('1'));
    const gone = await keyManager.storeKey(context(), name, Buffer.from('2'));
    const elsewhere = await keyManager.storeKey(context(), other, Buffer.from('3'));
    for (const { id } of [gone, elsewhere]) await keyManager.deleteKey(context(), deletable(id));
    const find = (...known: string[]) => keyManager.findDeletedKeys(context(), name, known);
    const { searchLag = 0 } = harness();
    for (let search = 0; search < searchLag; search += 1) await find();
    expect(ids(await find())).toEqual([gone.id]);
    expect(ids(await find(kept.id, gone.id, randomUUID()))).toEqual([gone.id]);
    const [found] = await keyManager.findDeletedKeys(context(), 'nothing', [elsewhere.id]);
    expect(found).toMatchObject({ id: elsewhere.id, name: other });
    expect(found?.restorableUntil).toBeInstanceOf(Date);
  });

  it('purges what was deleted long enough ago, for the role that may, and never what is there', async () => {
    const { keyManager } = harness();
    const { asPurger, pass } = settings();
    if (!keepsDeletedKeys(keyManager) || !keepsDeletedKeys(asPurger)) throw new Error('nothing to purge');
    const name = uniqueName();
    const { id } = await keyManager.storeKey(context(), name, Buffer.from('x'));
    await expectFault(asPurger.purgeKey(context(), purgeable(id)), 'refused', { certainlyNotDone: true });
    await keyManager.deleteKey(context(), deletable(id));
    expect(await asPurger.purgeKey(context(), purgeable(id))).toBe('too_early');
    await pass(5 * 3_600_000);
    await expectFault(keyManager.purgeKey(context(), purgeable(id)), 'permission_denied', { certainlyNotDone: true });
    expect(await keyManager.findDeletedKeys(context(), name, [id])).toHaveLength(1);
    expect(await asPurger.purgeKey(context(), purgeable(id))).toBe('purged');
    expect(await asPurger.purgeKey(context(), purgeable(id))).toBe('purged');
    expect(await keyManager.findDeletedKeys(context(), name, [id])).toEqual([]);
  });
}

async function expectFault(
  call: Promise<unknown>,
  fault: KeyManagerError['fault'],
  details: Partial<KeyManagerError['details']> = {},
): Promise<void> {
  await expect(call).rejects.toMatchObject({ name: 'KeyManagerError', fault, details });
}

const ids = (keys: readonly { readonly id: string }[]): string[] => keys.map(({ id }) => id).sort();

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
