import { type Secret } from '@lib/kernel';
import { within } from '@lib/stand-in';

import { type KeyProviders } from '../kmip/key-providers';
import { keyName, type KeyReference, ProviderFailure, type ProviderKeys } from '../kmip/provider-keys';
import { type CenterStore } from '../rows';
import { VimFault } from '../vim/fault';
import { toCryptoKeyId } from '../vim/crypto-key-id';

/** What a VM operation without its key ends with. */
export const keyRequired = (...keys: readonly KeyReference[]): VimFault =>
  new VimFault('EncryptionKeyRequired', 'The encryption key is required.', { requiredKey: keys.map(toCryptoKeyId) });

/**
 * Keys in the memory of hosts: vCenter fetches them and pushes them; they are gone when a host boots. Which host has which is
 * kept over a restart of this stand-in, for no host booted then; the key itself is fetched anew when it is next needed.
 */
export class HostKeys {
  readonly #memory = new Map<string, Secret>();

  constructor(
    private readonly store: CenterStore,
    private readonly providers: KeyProviders,
    private readonly keys: ProviderKeys,
  ) {}

  has(host: string, key: KeyReference): boolean {
    return this.store.get('hostKey', rowId(host, key)) !== undefined;
  }

  /**
   * The key for use on this host: from its memory, else fetched and pushed.
   * @param by name of a host that asks the key server by itself
   * @throws VimFault EncryptionKeyRequired
   */
  async provide(host: string, key: KeyReference, by?: string): Promise<Secret> {
    const known = this.has(host, key) ? this.#memory.get(rowId(host, key)) : undefined;
    if (known !== undefined) return known;
    const material = await this.fetch(key, by);
    await this.push(host, key, material);
    return material;
  }

  /** @throws VimFault EncryptionKeyRequired */
  async fetch(key: KeyReference, by?: string): Promise<Secret> {
    const provider = this.providers.find(key.providerId);
    if (provider === undefined) throw keyRequired(key);
    try {
      return await this.keys.material(provider, key.keyId, by);
    } catch (error) {
      if (error instanceof ProviderFailure) throw keyRequired(key);
      throw error;
    }
  }

  async push(host: string, key: KeyReference, material: Secret): Promise<void> {
    const id = rowId(host, key);
    this.#memory.set(id, material);
    if (this.has(host, key)) return;
    const { keyId, providerId } = key;
    await this.store.commit(['hostKey', id, { host, keyId, providerId }]);
  }

  /** The host boots: its memory is empty. */
  async clear(host: string): Promise<void> {
    const rows = [...this.store.list('hostKey', host)];
    await this.store.commit(...rows.map((row) => ['hostKey', this.#wiped(rowId(host, row)), null] as const));
  }

  /** Every host forgets the key. */
  async drop(key: KeyReference): Promise<void> {
    const hosts = [...this.store.list('host')].filter(({ id }) => this.has(id, key));
    await this.store.commit(...hosts.map(({ id }) => ['hostKey', this.#wiped(rowId(id, key)), null] as const));
  }

  #wiped(id: string): string {
    this.#memory.get(id)?.wipe();
    this.#memory.delete(id);
    return id;
  }
}

const rowId = (host: string, key: KeyReference): string => within(host, keyName(key));
