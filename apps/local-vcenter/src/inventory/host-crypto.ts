import { reference } from '@lib/vi-json';

import { type KeyProviders } from '../kmip/key-providers';
import { type KeyReference, ProviderFailure, type ProviderKeys } from '../kmip/provider-keys';
import { type CenterStore, type ClusterRow, type HostRow, type ProviderRow } from '../rows';
import { VimFault } from '../vim/fault';
import { type HostKeys } from './host-keys';
import { type Inventory } from './inventory';

const COMPONENT = 'ESXi Server';

/** Host keys, and what becomes of keys when a host boots. */
export class HostCrypto {
  readonly #background = new Set<Promise<void>>();
  /** Two machines at once make one host key. */
  readonly #making = new Map<string, Promise<void>>();

  constructor(
    private readonly store: CenterStore,
    private readonly inventory: Inventory,
    private readonly providers: KeyProviders,
    private readonly keys: ProviderKeys,
    private readonly hostKeys: HostKeys,
  ) {}

  /** The first encrypted machine makes its host crypto safe: with a host key of the same provider, made at that moment. */
  async makeSafe(host: HostRow, provider: ProviderRow): Promise<void> {
    const current = this.inventory.host(host.id) ?? host;
    if (current.cryptoState === 'safe') return;
    const making = this.#making.get(host.id) ?? this.newKey(provider).then((key) => this.configure(current, key));
    this.#making.set(host.id, making);
    await making.finally(() => this.#making.delete(host.id));
  }

  async newKey(provider: ProviderRow): Promise<KeyReference> {
    try {
      return { keyId: await this.keys.generate(provider), providerId: provider.id };
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      const reason = error.generationReason;
      throw new VimFault('SystemError', `A general system error occurred: ${reason}`, { reason });
    }
  }

  /** From 6.7 on the old host key is dropped by itself. @throws VimFault EncryptionKeyRequired */
  async configure(host: HostRow, key: KeyReference): Promise<void> {
    await this.hostKeys.provide(host.id, key);
    await this.inventory.put(['host', host.id, { ...host, cryptoState: 'safe', hostKey: key }]);
    const provider = this.providers.find(key.providerId);
    if (provider === undefined) return;
    this.keys.tagLater(provider, key.keyId, {
      'x-Identifier': host.uuid,
      'x-Component': COMPONENT,
      'x-Name': host.name,
    });
  }

  /** The default of the cluster, else that of the vCenter. */
  defaultProvider(host: HostRow): ProviderRow | undefined {
    return this.providers.defaultOf(reference('ClusterComputeResource', host.cluster)) ?? this.providers.default;
  }

  /**
   * The host boots: its machines stop, its memory is empty. vCenter then fetches the host key and the keys of the homes and
   * pushes them; those of the disks follow when a machine is powered on. Hosts of an encrypted vSAN cluster ask for
   * its keys by themselves, before they mount a disk.
   */
  async reboot(host: HostRow, now: Date): Promise<void> {
    await this.hostKeys.clear(host.id);
    const machines = this.inventory.vms().filter((vm) => vm.host === host.id);
    await this.inventory.put(
      ['host', host.id, { ...host, connection: 'connected', bootTime: now.toISOString() }],
      ...machines
        .filter(({ power }) => power !== 'poweredOff')
        .map((vm) => ['vm', vm.id, { ...vm, power: 'poweredOff' }] as const),
    );
    this.later(this.#refill(host));
  }

  /** Keys of the homes of all machines on this host. Those that cannot be had leave their machines locked. */
  async pushHomeKeys(host: HostRow): Promise<void> {
    for (const { home } of this.inventory.vms().filter((vm) => vm.host === host.id)) {
      if (home !== undefined) await this.#tryToProvide(host, home);
    }
  }

  later(work: Promise<void>): void {
    const tracked = work.finally(() => this.#background.delete(tracked));
    this.#background.add(tracked);
  }

  /** What hosts were to be given has been tried. */
  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  async #refill(host: HostRow): Promise<void> {
    await this.fetchForVsan(host);
    if (host.hostKey !== undefined) await this.#tryToProvide(host, host.hostKey);
    await this.pushHomeKeys(host);
  }

  /** The host itself connects, with the client certificate that vCenter gave it. */
  async fetchForVsan(host: HostRow): Promise<void> {
    const { vsanEncryption } = this.#cluster(host) ?? {};
    if (vsanEncryption === undefined) return;
    const { providerId, kekId, hostKeyId } = vsanEncryption;
    for (const keyId of [kekId, hostKeyId]) await this.#tryToProvide(host, { keyId, providerId }, host.name);
  }

  async #tryToProvide(host: HostRow, key: KeyReference, by?: string): Promise<void> {
    try {
      await this.hostKeys.provide(host.id, key, by);
    } catch (error) {
      if (!(error instanceof VimFault)) throw error;
    }
  }

  #cluster({ cluster }: HostRow): ClusterRow | undefined {
    return this.store.get('cluster', cluster);
  }
}
