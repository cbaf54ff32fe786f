import { type CenterStore, type ClusterRow, type ProviderRow } from '../rows';
import { type HostCrypto } from './host-crypto';
import { type Inventory } from './inventory';

/**
 * Data-at-rest encryption of vSAN: a key-encryption key and a host key for the cluster. Each host fetches both from the
 * key server by itself.
 */
export class VsanCrypto {
  constructor(
    private readonly store: CenterStore,
    private readonly inventory: Inventory,
    private readonly hosts: HostCrypto,
  ) {}

  /** Switches it on, or over to other keys: of another provider, or new ones of the same. */
  async enable(cluster: ClusterRow, provider: ProviderRow): Promise<void> {
    const kek = await this.hosts.newKey(provider);
    const hostKey = await this.hosts.newKey(provider);
    const generation = (cluster.vsanEncryption?.generation ?? 0) + 1;
    const vsanEncryption = { providerId: provider.id, kekId: kek.keyId, hostKeyId: hostKey.keyId, generation };
    await this.inventory.put(['cluster', cluster.id, { ...cluster, vsanEncryption }]);
    const members = [...this.store.list('host')].filter((host) => host.cluster === cluster.id);
    for (const host of members) await this.hosts.fetchForVsan(host);
  }
}
