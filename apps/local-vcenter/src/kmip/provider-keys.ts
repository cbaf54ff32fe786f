import { type Secret } from '@lib/kernel';
import { productAttributes } from '@lib/kmip-client';
import { ResultReason, State } from '@lib/kmip-protocol';

import { type CenterStore, type ProviderRow, type ServerRow } from '../rows';
import { type FetchedKey, KeyServerFailure, type KeyServers } from './key-servers';

/** A key by both of its names: the id alone means nothing. */
export interface KeyReference {
  readonly keyId: string;
  readonly providerId: string;
}

/** Why a key cannot be used, in the words of CryptoManagerKmipCryptoKeyStatusKeyUnavailableReason. */
export type KeyState =
  | 'KeyStateMissingInCache'
  | 'KeyStateClusterInvalid'
  | 'KeyStateClusterUnreachable'
  | 'KeyStateMissingInKMS'
  | 'KeyStateNotActiveOrEnabled';

/** All servers of a provider failed, one after the other; an entry for each. */
export class ProviderFailure extends Error {
  constructor(
    readonly providerId: string,
    readonly perServer: readonly { readonly server: ServerRow; readonly failure: KeyServerFailure }[],
  ) {
    super(`no server of ${providerId} did it`);
  }

  /** As vpxd's log has it (KB 396701); that `reason` of a CryptoKeyResult repeats it is inferred. */
  get generationReason(): string {
    const lines = this.perServer.map(
      ({ server, failure }) => `Failed to generate key on KMS ${server.address}: ${failure.message}`,
    );
    return [...lines, `Failed to generate key on key provider ${this.providerId}, error 7`].join('. ');
  }

  get keyState(): KeyState {
    const failures = this.perServer.map(({ failure }) => failure);
    const refused = failures.filter(({ kind }) => kind === 'refused');
    if (refused.length === 0) return 'KeyStateClusterUnreachable';
    if (refused.some(({ reason }) => reason === ResultReason.ItemNotFound)) return 'KeyStateMissingInKMS';
    // Known there and not handed out: which reason a real vCenter gives is not established [inferred].
    return 'KeyStateNotActiveOrEnabled';
  }
}

const VERSION_ATTRIBUTE = 'x-Product_Version';

/** Keys at the servers of a provider: each is tried in turn. */
export class ProviderKeys {
  readonly #background = new Set<Promise<void>>();
  /** Keys whose provider this process has seen: what QueryCryptoKeyStatus calls its cache [inferred]. */
  readonly #cache = new Map<string, string>();

  constructor(
    private readonly store: CenterStore,
    private readonly servers: KeyServers,
    private readonly productVersion: string,
    private readonly now: () => Date,
  ) {}

  /**
   * GenerateKey: Create, and what marks the key as VMware's in the background. It stays Pre-Active until something uses it.
   * @throws ProviderFailure
   */
  async generate(provider: ProviderRow, attributes: Readonly<Record<string, string>> = {}): Promise<string> {
    const keyId = await this.#onAny(provider, (server) => this.servers.create(provider, server));
    this.#cache.set(keyId, provider.id);
    const createdAt = this.now().toISOString();
    await this.store.commit([
      'key',
      keyName({ keyId, providerId: provider.id }),
      { keyId, providerId: provider.id, createdAt },
    ]);
    const product = { ...productAttributes, [VERSION_ATTRIBUTE]: this.productVersion };
    this.tagLater(provider, keyId, product);
    if (Object.keys(attributes).length > 0) this.tagLater(provider, keyId, attributes);
    return keyId;
  }

  /** Fetched, and activated where need be. @throws ProviderFailure */
  async use(provider: ProviderRow, keyId: string, by?: string): Promise<FetchedKey> {
    const fetched = await this.#onAny(provider, (server) => this.servers.use(provider, server, keyId, by));
    this.#cache.set(keyId, provider.id);
    return fetched;
  }

  /** The key alone. @throws ProviderFailure */
  async material(provider: ProviderRow, keyId: string, by?: string): Promise<Secret> {
    return (await this.use(provider, keyId, by)).material;
  }

  /** @returns undefined when the key can be used. */
  async stateOf(provider: ProviderRow, keyId: string): Promise<KeyState | undefined> {
    try {
      const state = await this.#onAny(provider, (server) => this.servers.stateOf(provider, server, keyId));
      return state === State.Active ? undefined : 'KeyStateNotActiveOrEnabled';
    } catch (error) {
      if (error instanceof ProviderFailure) return error.keyState;
      throw error;
    }
  }

  /** @throws ProviderFailure */
  async tag(provider: ProviderRow, keyId: string, attributes: Readonly<Record<string, string>>): Promise<void> {
    await this.#onAny(provider, (server) => this.servers.tag(provider, server, keyId, attributes));
  }

  /** A failure here is not fatal: it stands in the log, and the key is used all the same. */
  tagLater(provider: ProviderRow, keyId: string, attributes: Readonly<Record<string, string>>): void {
    const work = this.tag(provider, keyId, attributes)
      .catch((error: unknown) => {
        if (!(error instanceof ProviderFailure)) throw error;
      })
      .finally(() => this.#background.delete(work));
    this.#background.add(work);
  }

  /** The provider under which this key was last seen. */
  cached(keyId: string): string | undefined {
    return this.#cache.get(keyId);
  }

  /** What is done in the background has ended. */
  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  async #onAny<T>(provider: ProviderRow, work: (server: ServerRow) => Promise<T>): Promise<T> {
    const perServer: { server: ServerRow; failure: KeyServerFailure }[] = [];
    for (const server of provider.servers) {
      try {
        return await work(server);
      } catch (failure) {
        if (!(failure instanceof KeyServerFailure)) throw failure;
        perServer.push({ server, failure });
      }
    }
    throw new ProviderFailure(provider.id, perServer);
  }
}

export const keyName = ({ keyId, providerId }: KeyReference): string => `${keyId} ${providerId}`;
