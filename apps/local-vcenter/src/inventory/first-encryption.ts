import { inParallel } from '@lib/kernel';
import { virtualMachineAttributes } from '@lib/kmip-client';

import { type Center } from '../center';
import { type KeyReference } from '../kmip/provider-keys';
import { type DiskObjectRow, type DiskRow, type HostRow, type ProviderRow, type SealedRow, type VmRow } from '../rows';
import { sealNew } from './sealing';

const AT_ONCE = 8;

/**
 * What an administrator did years ago: every machine, disk and vSAN cluster is encrypted as the seed meant it, with real
 * keys of this provider. It asks for no power-off, as encrypting them one by one would have.
 */
export async function encryptAsSeeded(center: Center, provider: ProviderRow): Promise<void> {
  const work = new FirstEncryption(center, provider);
  const plain = center.inventory.vms().filter(({ wanted, home }) => wanted !== 'nothing' && home === undefined);
  await inParallel(plain, AT_ONCE, async (vm) => {
    await work.machine(vm);
    return 'next';
  });
  for (const disk of center.store.list('diskObject')) await work.diskObject(disk);
  for (const cluster of center.store.list('cluster')) {
    if (cluster.vsan && cluster.vsanEncryption === undefined) await center.vsan.rekey(cluster.id, provider, 'deep');
  }
  await center.keys.settled();
}

class FirstEncryption {
  constructor(
    private readonly center: Center,
    private readonly provider: ProviderRow,
  ) {}

  async machine(vm: VmRow): Promise<void> {
    const host = this.center.inventory.host(vm.host);
    if (host === undefined) return;
    await this.center.hosts.makeSafe(host, this.provider);
    const home = await this.#newSeal(vm, host);
    const sealed: Record<string, SealedRow> = {};
    for (const disk of vm.wanted === 'home' ? [] : vm.disks) {
      const key = vm.wanted === 'own_disk_keys' ? await this.#newSeal(vm, host) : home;
      for (const file of filesOf(vm, disk)) sealed[file] = await this.#seal(host, key);
    }
    const snapshots = await Promise.all(
      vm.snapshots.map(async (snapshot) => ({ ...snapshot, home: await this.#seal(host, home) })),
    );
    await this.center.inventory.put(['vm', vm.id, { ...vm, home, sealed, snapshots }]);
    await this.center.keys.settled();
  }

  async diskObject(disk: DiskObjectRow): Promise<void> {
    const [host] = this.center.inventory.hosts();
    if (disk.attachedTo !== undefined || disk.sealed !== undefined || host === undefined) return;
    const key = await this.center.hosts.newKey(this.provider);
    await this.center.inventory.put(['diskObject', disk.id, { ...disk, sealed: await this.#seal(host, key) }]);
  }

  async #newSeal(vm: VmRow, host: HostRow): Promise<SealedRow> {
    const key = await this.center.hosts.newKey(this.provider);
    const sealed = await this.#seal(host, key);
    this.center.keys.tagLater(this.provider, key.keyId, virtualMachineAttributes(vm.instanceUuid, vm.name));
    return sealed;
  }

  async #seal(host: HostRow, { keyId, providerId }: KeyReference): Promise<SealedRow> {
    const key = { keyId, providerId };
    return sealNew(key, await this.center.hostKeys.provide(host.id, key));
  }
}

/** Every link of the disk, those of its snapshots included. */
function filesOf(vm: VmRow, { key }: DiskRow): readonly string[] {
  const disks = [vm, ...vm.snapshots].flatMap((one) => one.disks.filter((disk) => disk.key === key));
  return [...new Set(disks.flatMap(({ chain }) => chain))];
}
