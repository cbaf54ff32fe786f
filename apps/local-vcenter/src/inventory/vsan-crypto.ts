import { without } from '@lib/stand-in';

import { type KeyReference } from '../kmip/provider-keys';
import { type CenterStore, type ClusterRow, type HostRow, type ProviderRow, type SealedRow } from '../rows';
import { VimFault } from '../vim/fault';
import { type HostCrypto } from './host-crypto';
import { type HostKeys } from './host-keys';
import { type Inventory } from './inventory';
import { reseal, sealNew } from './sealing';

/**
 * Data-at-rest encryption of vSAN: a key-encryption key and a host key for the cluster, and on each host a data key that the
 * former wraps. Each host fetches both from the key server by itself.
 */
export class VsanCrypto {
  constructor(
    private readonly store: CenterStore,
    private readonly inventory: Inventory,
    private readonly hosts: HostCrypto,
    private readonly hostKeys: HostKeys,
  ) {}

  /**
   * New keys of a provider, the one before or another; where nothing was encrypted, it is now. Shallow: the data keys are
   * wrapped anew, for which the key before is needed; deep: they are made anew. That a re-key makes a new host key too has
   * a source for a change of provider alone [inferred].
   * @throws VimFault HostNotConnected, EncryptionKeyRequired, SystemError; nothing is changed then
   */
  async rekey(id: string, provider: ProviderRow, mode: 'shallow' | 'deep'): Promise<void> {
    const cluster = this.#cluster(id);
    const members = this.inventory.hosts().filter((host) => host.cluster === id);
    const away = members.find(({ connection }) => connection !== 'connected');
    if (away !== undefined) {
      throw new VimFault('HostNotConnected', `Unable to communicate with the remote host ${away.name}.`);
    }
    const [kek, hostKey] = [await this.hosts.newKey(provider), await this.hosts.newKey(provider)];
    const before = cluster.vsanEncryption;
    const kept = mode === 'shallow' ? before : undefined;
    const old = kept && { keyId: kept.kekId, providerId: kept.providerId };
    const disks: Record<string, SealedRow> = {};
    for (const host of members) {
      disks[host.id] = await this.#sealed(host, kek, kept?.disks?.[host.id], old);
      await this.hostKeys.provide(host.id, hostKey, host.name);
    }
    const generation = kept?.generation ?? (before?.generation ?? 0) + 1;
    const { id: providerId } = provider;
    const vsanEncryption = { providerId, kekId: kek.keyId, hostKeyId: hostKey.keyId, generation, disks };
    await this.inventory.put(['cluster', id, { ...this.#cluster(id), vsanEncryption }]);
  }

  async disable(id: string): Promise<void> {
    await this.inventory.put(['cluster', id, without(this.#cluster(id), 'vsanEncryption')]);
  }

  async #sealed(
    host: HostRow,
    kek: KeyReference,
    before: SealedRow | undefined,
    old: KeyReference | undefined,
  ): Promise<SealedRow> {
    const material = await this.hostKeys.provide(host.id, kek, host.name);
    if (before === undefined || old === undefined) return sealNew(kek, material);
    return reseal(before, await this.hostKeys.provide(host.id, old, host.name), kek, material);
  }

  #cluster(id: string): ClusterRow {
    const cluster = this.store.get('cluster', id);
    if (cluster === undefined) throw new Error(`there is no cluster ${id}`);
    return cluster;
  }
}
