import { virtualMachineAttributes } from '@lib/kmip-client';
import { type CryptoKeyId, reference } from '@lib/vi-json';

import { type KeyProviders } from '../kmip/key-providers';
import { type KeyReference, ProviderFailure, type ProviderKeys } from '../kmip/provider-keys';
import { type HostRow, type ProviderRow, type SealedRow, type VmRow } from '../rows';
import { without } from '@lib/stand-in';
import { invalidArgument, VimFault } from '../vim/fault';
import { type Behaviour } from '../behaviour';
import { type TaskCut } from '../tasks';
import { checkPreconditions, invalidState, powersOff } from './crypto-preconditions';
import { type CryptoTarget, keyOf, type Reconfiguration } from './crypto-targets';
import { type HostCrypto } from './host-crypto';
import { type HostKeys } from './host-keys';
import { Inventory } from './inventory';
import { reseal, sealNew } from './sealing';

interface Parts {
  readonly inventory: Inventory;
  readonly providers: KeyProviders;
  readonly keys: ProviderKeys;
  readonly hostKeys: HostKeys;
  readonly hosts: HostCrypto;
  readonly behaviour: Behaviour;
  readonly now: () => Date;
}

/** Encrypts, recrypts and decrypts machines; their data keys are really wrapped by the keys of the key server. */
export class MachineCrypto {
  constructor(private readonly parts: Parts) {}

  /** The provider that a key id means: its own, else the default of the cluster, else that of the vCenter. */
  providerFor(key: CryptoKeyId, host: HostRow): ProviderRow {
    const { providers } = this.parts;
    if (key.providerId !== undefined) return providers.get(key.providerId.id, 'spec.crypto.providerId');
    const provider = providers.defaultOf(reference('ClusterComputeResource', host.cluster)) ?? providers.default;
    if (provider === undefined) throw invalidArgument('spec.crypto');
    return provider;
  }

  /** Carries out what ReconfigVM_Task asks for. @throws VimFault; all of it is done, or none unless it was cut */
  async reconfigure(vmId: string, wanted: Reconfiguration, cut?: TaskCut): Promise<void> {
    const vm = this.#vm(vmId);
    const host = this.#host(vm);
    checkPreconditions(vm, host, wanted);
    const recrypts = wanted.targets.some(({ spec }) => spec._typeName === 'CryptoSpecShallowRecrypt');
    if (recrypts && powersOff(vm, host)) {
      await this.#save({ ...vm, power: 'poweredOff' });
      throw invalidState('The virtual machine was powered off while its disks were recrypted.');
    }
    let changed: VmRow = {
      ...vm,
      ...(wanted.name !== undefined && { name: wanted.name }),
      tpm: vm.tpm || wanted.addsTpm,
    };
    const made = new Map<CryptoKeyId, KeyReference>();
    for (const [index, target] of wanted.targets.entries()) {
      if (index === cut?.after) break;
      changed = await this.#apply(changed, host, target, made);
    }
    const isCut = cut !== undefined && cut.after < wanted.targets.length;
    await this.#save(isCut ? changed : counted(changed, wanted));
    if (isCut) throw cut.fault;
  }

  /** Every key that the machine needs is on its host. @throws VimFault EncryptionKeyRequired */
  async provideKeys(vm: VmRow): Promise<void> {
    for (const key of Inventory.neededBy(vm)) await this.parts.hostKeys.provide(vm.host, key);
  }

  /** 6.7 and later: the home cannot be read, because its key is not on the host. */
  isLocked(vm: VmRow): boolean {
    return vm.home !== undefined && !this.parts.hostKeys.has(vm.host, vm.home);
  }

  async #apply(
    vm: VmRow,
    host: HostRow,
    { what, spec }: CryptoTarget,
    made: Map<CryptoKeyId, KeyReference>,
  ): Promise<VmRow> {
    const before = what === 'home' ? vm.home : vm.sealed[what.file];
    const after = await this.#seal(vm, host, spec, before, made);
    if (what !== 'home') {
      const others = without(vm.sealed, what.file);
      return { ...vm, sealed: after === undefined ? others : { ...others, [what.file]: after } };
    }
    const rest = without(vm, 'home');
    if (after === undefined) return rest;
    const isRecrypted = spec._typeName === 'CryptoSpecShallowRecrypt' && before !== undefined;
    if (!isRecrypted || this.parts.behaviour.settings.snapshotHomes === 'kept') return { ...rest, home: after };
    // Whether the files of a snapshot beside its disks get the new key too has no source [inferred: yes].
    const snapshots = await Promise.all(
      vm.snapshots.map(async (snapshot) =>
        snapshot.home === undefined ? snapshot : { ...snapshot, home: await this.#resealed(vm, snapshot.home, after) },
      ),
    );
    return { ...rest, home: after, snapshots };
  }

  async #seal(
    vm: VmRow,
    host: HostRow,
    spec: CryptoTarget['spec'],
    before: SealedRow | undefined,
    made: Map<CryptoKeyId, KeyReference>,
  ): Promise<SealedRow | undefined> {
    const keyId = keyOf(spec);
    if (keyId === undefined) return undefined;
    const key = await this.#keyFor(vm, host, keyId, made);
    if (spec._typeName === 'CryptoSpecRegister') {
      if (before?.keyId !== key.keyId || before.providerId !== key.providerId) throw invalidArgument('spec.crypto');
      return before;
    }
    if (spec._typeName === 'CryptoSpecShallowRecrypt' && before !== undefined)
      return await this.#resealed(vm, before, key);
    return sealNew(key, await this.parts.hostKeys.provide(vm.host, key));
  }

  async #resealed(vm: VmRow, before: SealedRow, key: KeyReference): Promise<SealedRow> {
    const { hostKeys } = this.parts;
    const [old, material] = [await hostKeys.provide(vm.host, before), await hostKeys.provide(vm.host, key)];
    return reseal(before, old, key, material);
  }

  /** Keys without an id vCenter makes; the same key id in several specs is one key. */
  async #keyFor(
    vm: VmRow,
    host: HostRow,
    wish: CryptoKeyId,
    made: Map<CryptoKeyId, KeyReference>,
  ): Promise<KeyReference> {
    const known = made.get(wish);
    if (known !== undefined) return known;
    const provider = this.providerFor(wish, host);
    const keyId = wish.keyId === '' ? await this.#newKey(provider) : wish.keyId;
    const key = { keyId, providerId: provider.id };
    await this.parts.hosts.makeSafe(host, provider);
    await this.parts.hostKeys.provide(vm.host, key);
    if (![...made.values()].some((one) => one.keyId === keyId)) {
      this.parts.keys.tagLater(provider, keyId, virtualMachineAttributes(vm.instanceUuid, vm.name));
    }
    made.set(wish, key);
    return key;
  }

  async #newKey(provider: ProviderRow): Promise<string> {
    try {
      return await this.parts.keys.generate(provider);
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      const reason = error.generationReason;
      throw new VimFault('SystemError', `A general system error occurred: ${reason}`, { reason });
    }
  }

  #vm(id: string): VmRow {
    const vm = this.parts.inventory.vm(id);
    if (vm === undefined) throw invalidState('The virtual machine was removed.');
    return vm;
  }

  #host(vm: VmRow): HostRow {
    const host = this.parts.inventory.host(vm.host);
    if (host === undefined) throw invalidState('The virtual machine has no host.');
    return host;
  }

  #save(vm: VmRow): Promise<void> {
    return this.parts.inventory.put(['vm', vm.id, { ...vm, changeVersion: nextVersion(this.parts.now(), vm) }]);
  }
}

function counted(vm: VmRow, { targets }: Reconfiguration): VmRow {
  const isRecrypt = targets.some(({ spec }) => 'newKeyId' in spec);
  return isRecrypt ? { ...vm, recrypts: (vm.recrypts ?? 0) + 1 } : vm;
}

/** A time stamp, and another one with every change. */
function nextVersion(now: Date, { changeVersion }: VmRow): string {
  const micros = now.toISOString().replace('Z', '000Z');
  return micros > changeVersion ? micros : `${new Date(Date.parse(changeVersion) + 1).toISOString().slice(0, -1)}000Z`;
}
