import { Secret } from '@lib/kernel';
import {
  type Aad,
  type CallContext,
  type CallGuard,
  type DeletedKey,
  type KeyManager,
  KeyManagerError,
  type Repeatable,
  restorableUntil,
  type RewrapResult,
  type RootKeyDescription,
  type StoredKey,
  type UnwrapResult,
  type WrapResult,
} from '@lib/key-manager';
import { type Timing } from '@lib/resilience';

import { isRootKeyStateRefusal, unreadableAnswer } from './rest/faults';
import { type KeyPage, type KeyProtectClient, RefusedCall, type TryContext } from './rest/key-protect-client';
import { type CreatedKey, type KeyResource, keyStateOf } from './rest/resources';
import { RootKeyDiagnosis } from './root-key-diagnosis';
import { judgeMissing, missingAnswer, storedKeyAbsent, storedKeyMissing } from './second-look';
import { VersionWatch } from './version-watch';

export interface KeyProtectKeyManagerOptions {
  readonly client: KeyProtectClient;
  readonly guard: CallGuard;
  readonly timing: Timing;
  readonly rootKeyId: string;
  /** Ring that new stored keys go to; existing ones are found in any ring. */
  readonly keyRing?: string;
  readonly onRotation?: () => void;
}

/** Standard-key payload before base64, as Key Protect limits it. */
const MAXIMUM_PAYLOAD_BYTES = 7_500;
const PAGE_SIZE = 1_000;
/**
 * Pages are by offset in the order of ids: a key deleted between two pages shifts the rest back, and one would be
 * missed. Pages overlap by so many deletions.
 */
const PAGE_OVERLAP = 20;

/** Key Protect, or HPCS: the same API at another address. */
export class KeyProtectKeyManager implements KeyManager {
  readonly #diagnosis: RootKeyDiagnosis;
  readonly #versions: VersionWatch;

  constructor(private readonly options: KeyProtectKeyManagerOptions) {
    this.#diagnosis = new RootKeyDiagnosis(options.client, options.timing.clock, options.rootKeyId);
    this.#versions = new VersionWatch(options.onRotation ?? (() => undefined));
  }

  /** Repeatable: a ciphertext whose answer was lost is never used. */
  wrap(context: CallContext, aad: Aad, plaintext?: Secret): Promise<WrapResult> {
    return this.#guarded('always', context, async (tries) => {
      const answer = await this.options.client.wrap(tries, this.options.rootKeyId, aad, plaintext);
      this.#versions.seen(answer.keyVersion.id);
      const result = { ciphertext: answer.ciphertext, rootKeyVersion: answer.keyVersion.id };
      if (plaintext !== undefined) return result;
      if (answer.plaintext === undefined) throw unreadableAnswer(200);
      return { ...result, plaintext: secretOf(answer.plaintext) };
    });
  }

  unwrap(context: CallContext, aad: Aad, ciphertext: string): Promise<UnwrapResult> {
    return this.#guarded('always', context, async (tries) => {
      const answer = await this.options.client.unwrap(tries, this.options.rootKeyId, aad, ciphertext);
      const { keyVersion, rewrappedKeyVersion: newest } = answer;
      this.#versions.seen((newest ?? keyVersion).id, newest !== undefined);
      return { plaintext: secretOf(answer.plaintext), rootKeyVersion: keyVersion.id };
    });
  }

  rewrap(context: CallContext, aad: Aad, ciphertext: string): Promise<RewrapResult> {
    return this.#guarded('always', context, async (tries) => {
      const answer = await this.options.client.rewrap(tries, this.options.rootKeyId, aad, ciphertext);
      return { ciphertext: answer.ciphertext, rootKeyVersion: answer.rewrappedKeyVersion.id };
    });
  }

  async storeKey(context: CallContext, name: string, payload: Buffer): Promise<StoredKey> {
    if (payload.length === 0 || payload.length > MAXIMUM_PAYLOAD_BYTES) {
      throw new KeyManagerError('refused', `a stored key holds 1 to ${MAXIMUM_PAYLOAD_BYTES} bytes`, {
        certainlyNotDone: true,
      });
    }
    const { client, keyRing, timing } = this.options;
    return this.#guarded('only_if_certainly_not_done', context, async (tries) => {
      const created = await client.createStandardKey(tries, name, payload, keyRing);
      const shown = created.name === undefined ? await this.#lookAt(tries, created.id) : created;
      // An answer to something else: what became of our request is unknown.
      if (shown?.name !== undefined && shown.name !== name) throw unreadableAnswer(200);
      return storedKey({ id: created.id, name, creationDate: shown?.creationDate }, timing);
    });
  }

  fetchKey(context: CallContext, storedKeyId: string, storedAt?: Date): Promise<Buffer> {
    return this.#guarded('always', context, async (tries) => {
      const resource = await this.#unlessMissing(tries, storedKeyId, storedAt, () =>
        this.options.client.getKey(tries, storedKeyId),
      );
      if (resource.id !== storedKeyId) throw unreadableAnswer(200);
      if (resource.extractable === false) {
        throw new KeyManagerError('refused', 'the id given as stored key names a root key');
      }
      if (keyStateOf(resource.state) === 'destroyed') throw storedKeyMissing();
      // Material may be given out some time after the key is shown as Active.
      if (resource.payload === undefined) throw storedKeyAbsent();
      return Buffer.from(resource.payload, 'base64');
    });
  }

  async deleteKey(context: CallContext, storedKeyId: string, storedAt?: Date): Promise<Date> {
    try {
      const until = await this.#guarded('always', context, (tries) =>
        this.#unlessMissing(tries, storedKeyId, storedAt, () => this.options.client.deleteKey(tries, storedKeyId)),
      );
      const told = until === undefined ? await this.#ownDate(context, storedKeyId) : new Date(until);
      if (told !== undefined) return told;
    } catch (error) {
      if (!(error instanceof KeyManagerError) || error.fault !== 'stored_key_missing') throw error;
      // It went at a time of its own; another copy may have gone later than this one.
    }
    return restorableUntil(this.options.timing.clock.now());
  }

  async findKeysByName(context: CallContext, name: string): Promise<readonly StoredKey[]> {
    return (await this.#byName(context, name)).map((resource) => storedKey(resource, this.options.timing));
  }

  async *listKeys(context: CallContext, prefix: string): AsyncIterable<StoredKey> {
    for await (const key of this.#standardKeys(context, {})) {
      if (key.name.startsWith(prefix)) yield storedKey(key, this.options.timing);
    }
  }

  async findDeletedKeys(
    context: CallContext,
    name: string,
    storedKeyIds: readonly string[],
  ): Promise<readonly DeletedKey[]> {
    const found = new Map<string, DeletedKey>();
    const { clock } = this.options.timing;
    for (const id of storedKeyIds) {
      const shown = await this.#metadataOf(context, id);
      if (shown !== undefined && keyStateOf(shown.state) === 'destroyed') found.set(id, deletedKey(shown, clock.now()));
    }
    for (const resource of await this.#byName(context, name, true)) {
      found.set(resource.id, deletedKey(resource, clock.now()));
    }
    return [...found.values()];
  }

  async purgeKey(context: CallContext, storedKeyId: string): Promise<'purged' | 'too_early'> {
    try {
      await this.#guarded('always', context, async (tries) => {
        try {
          await this.options.client.purgeKey(tries, storedKeyId);
        } catch (error) {
          // A state that forbids it is that of the stored key, and says nothing of the root key.
          throw error instanceof RefusedCall ? error.fault : error;
        }
      });
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      if (error.details.reasonCode === 'REQ_TOO_EARLY_ERR') return 'too_early';
      // 410 would tell of the deletion that is there to be ended.
      if (error.fault !== 'stored_key_missing' || error.details.httpStatus !== 404) throw error;
    }
    return 'purged';
  }

  describeRootKey(context: CallContext): Promise<RootKeyDescription> {
    return this.#guarded('always', context, async (tries) => {
      const described = describeRootKey(await this.options.client.keyMetadata(tries, this.options.rootKeyId));
      if (described.version !== undefined) this.#versions.seen(described.version);
      return described;
    });
  }

  /** For an answer of a bare id. When this fails the answer still was one to our request, and the id is what counts. */
  async #lookAt(tries: TryContext, id: string): Promise<CreatedKey | undefined> {
    try {
      return await this.options.client.keyMetadata(tries, id, 'stored_key');
    } catch (error) {
      if (error instanceof RefusedCall || error instanceof KeyManagerError) return undefined;
      throw error;
    }
  }

  /** @throws KeyManagerError `stored_key_missing` or `stored_key_absent` in place of an answer that it is not there */
  async #unlessMissing<T>(
    tries: TryContext,
    id: string,
    storedAt: Date | undefined,
    call: () => Promise<T>,
  ): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const answer = missingAnswer(error);
      if (answer === undefined) throw error;
      const { client, timing } = this.options;
      const { status } = answer.refusal;
      throw await judgeMissing(client, tries, { id, status, storedAt, now: timing.clock.now() });
    }
  }

  async #byName(context: CallContext, name: string, deleted = false): Promise<readonly KeyResource[]> {
    const exact = (key: KeyResource): boolean => key.name === name;
    try {
      return (await collect(this.#standardKeys(context, { search: `name:${name}`, deleted }))).filter(exact);
    } catch (error) {
      // The service searches 5,000 keys at most; beyond that only reading all of them is sure.
      const tooBroad = error instanceof KeyManagerError && error.details.reasonCode === 'KEY_SEARCH_TOO_BROAD';
      if (!tooBroad) throw error;
    }
    return (await collect(this.#standardKeys(context, { deleted }))).filter(exact);
  }

  /** Until when a deleted key can be restored, by the service's clock; undefined where it does not tell. */
  async #ownDate(context: CallContext, id: string): Promise<Date | undefined> {
    try {
      const shown = await this.#metadataOf(context, id);
      const isDated = shown?.restoreExpirationDate !== undefined || shown?.deletionDate !== undefined;
      if (!isDated || keyStateOf(shown.state) !== 'destroyed') return undefined;
      return deletedKey(shown, this.options.timing.clock.now()).restorableUntil;
    } catch (error) {
      // That it is gone is certain all the same.
      if (error instanceof KeyManagerError) return undefined;
      throw error;
    }
  }

  #metadataOf(context: CallContext, id: string): Promise<KeyResource | undefined> {
    return this.#guarded('always', context, async (tries) => {
      try {
        return await this.options.client.keyMetadata(tries, id, 'stored_key');
      } catch (error) {
        if (missingAnswer(error) === undefined) throw error;
        return undefined;
      }
    });
  }

  async *#standardKeys(context: CallContext, wanted: Pick<KeyPage, 'search' | 'deleted'>): AsyncIterable<KeyResource> {
    const seen = new Set<string>();
    const { client } = this.options;
    for (let offset = 0; ; offset += PAGE_SIZE - PAGE_OVERLAP) {
      const page = { limit: PAGE_SIZE, offset, extractable: true, sort: 'id' };
      const resources = await this.#guarded('always', context, (tries) =>
        client.listKeys(tries, { ...page, ...wanted }),
      );
      for (const resource of resources) {
        const isDeleted = keyStateOf(resource.state) === 'destroyed';
        if (seen.has(resource.id) || isDeleted !== (wanted.deleted === true)) continue;
        seen.add(resource.id);
        yield resource;
      }
      if (resources.length < PAGE_SIZE) return;
    }
  }

  #guarded<T>(repeatable: Repeatable, context: CallContext, attempt: (tries: TryContext) => Promise<T>): Promise<T> {
    return this.options.guard.run(repeatable, context, async (trySignal) => {
      const tries = { correlationId: context.correlationId, signal: trySignal };
      try {
        return await attempt(tries);
      } catch (error) {
        if (!(error instanceof RefusedCall)) throw error;
        if (isRootKeyStateRefusal(error.refusal)) throw await this.#diagnosis.explain(tries, error.fault);
        throw error.fault;
      }
    });
  }
}

/** @throws KeyManagerError `unavailable` for a state that is not documented */
export function describeRootKey(resource: KeyResource): RootKeyDescription {
  const state = keyStateOf(resource.state);
  if (state === undefined) throw unreadableAnswer(200);
  return {
    id: resource.id,
    name: resource.name,
    state,
    isRootKey: resource.extractable !== true,
    ...(resource.keyVersion === undefined ? {} : { version: resource.keyVersion.id }),
    ...(resource.expirationDate === undefined ? {} : { expiresAt: new Date(resource.expirationDate) }),
    ...(resource.keyRingID === undefined ? {} : { keyRingId: resource.keyRingID }),
  };
}

function storedKey({ id, name = '', creationDate }: CreatedKey, { clock }: Timing): StoredKey {
  return { id, name, createdAt: creationDate === undefined ? clock.now() : new Date(creationDate) };
}

function deletedKey(resource: KeyResource, now: Date): DeletedKey {
  const { id, name, deletionDate, restoreExpirationDate } = resource;
  const latest = restorableUntil(deletionDate === undefined ? now : new Date(deletionDate));
  return {
    id,
    name,
    restorableUntil: restoreExpirationDate === undefined ? latest : new Date(restoreExpirationDate),
  };
}

const secretOf = (base64: string): Secret => Secret.of(Buffer.from(base64, 'base64'));

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
