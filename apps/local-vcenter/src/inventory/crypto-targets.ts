import {
  type BackingSpec,
  type CryptoKeyId,
  type CryptoSpec,
  type DefinedProfileSpec,
  type VirtualDeviceConfigSpec,
  type VirtualMachineConfigSpec,
} from '@lib/vi-json';

import { type DiskRow, type VmRow } from '../rows';
import { type Privilege } from '../users';
import { invalidArgument, VimFault } from '../vim/fault';

/** What one crypto spec is to be done to: the machine's home, or a file of one of its disks. */
export interface CryptoTarget {
  readonly what: 'home' | { readonly file: string };
  readonly spec: CryptoSpec;
}

/** What a ReconfigVM_Task asks for, as far as this vCenter carries it out. */
export interface Reconfiguration {
  readonly targets: readonly CryptoTarget[];
  readonly addsTpm: boolean;
  readonly name?: string;
  readonly changeVersion?: string;
}

/** @throws VimFault InvalidDeviceSpec, InvalidArgument or NotSupported, before a task begins */
export function readReconfiguration(vm: VmRow, spec: VirtualMachineConfigSpec): Reconfiguration {
  const { changeVersion, crypto, vmProfile, deviceChange = [] } = spec;
  const { name } = spec as { readonly name?: string };
  const home = crypto === undefined ? [] : [{ what: 'home' as const, spec: crypto }];
  if (crypto !== undefined) checkProfile(crypto, vmProfile, 'spec.vmProfile');
  const disks = deviceChange.flatMap((change, index) => diskTargets(vm, change, index));
  return {
    targets: [...home, ...disks].filter(({ spec: { _typeName } }) => _typeName !== 'CryptoSpecNoOp'),
    addsTpm: deviceChange.some(isNewTpm),
    ...(name !== undefined && { name }),
    ...(changeVersion !== undefined && { changeVersion }),
  };
}

const isNewTpm = ({ operation, device }: VirtualDeviceConfigSpec): boolean =>
  operation === 'add' && device._typeName === 'VirtualTPM';

/** `device.backing.keyId` is ignored: only the crypto of the spec's own backing counts (types.go:86956-86961). */
function diskTargets(vm: VmRow, change: VirtualDeviceConfigSpec, deviceIndex: number): CryptoTarget[] {
  if (isNewTpm(change)) return [];
  const disk = vm.disks.find(({ key }) => key === change.device.key);
  if (change.operation !== 'edit' || disk === undefined || change.device._typeName !== 'VirtualDisk') {
    throw new VimFault('InvalidDeviceSpec', `Invalid configuration for device '${deviceIndex}'.`, {
      property: `virtualDeviceSpec.device.key`,
      deviceIndex,
    });
  }
  return links(disk, change.backing).map((target) => {
    checkProfile(target.spec, change.profile, `spec.deviceChange[${deviceIndex}].profile`);
    return target;
  });
}

/** One spec for each link of a snapshot chain; a link without one keeps its key [inferred from the type]. */
function links({ chain }: DiskRow, backing: BackingSpec | undefined): CryptoTarget[] {
  const targets: CryptoTarget[] = [];
  let spec = backing;
  for (const file of chain) {
    if (spec?.crypto !== undefined) targets.push({ what: { file }, spec: spec.crypto });
    spec = spec?.parent;
  }
  if (spec !== undefined) throw invalidArgument('spec.deviceChange.backing.parent');
  return targets;
}

/** Encrypting and a deep recrypt come with a policy, decrypting with the empty one; a shallow recrypt needs none (PSM). */
function checkProfile(crypto: CryptoSpec, profiles: readonly DefinedProfileSpec[] | undefined, property: string): void {
  const wanted = PROFILES[crypto._typeName];
  // That a real vCenter refuses the call without it is inferred.
  if (wanted !== undefined && profiles?.some(({ _typeName }) => _typeName === wanted) !== true) {
    throw invalidArgument(property);
  }
}

const PROFILES: Readonly<Partial<Record<CryptoSpec['_typeName'], string>>> = {
  CryptoSpecEncrypt: 'VirtualMachineDefinedProfileSpec',
  CryptoSpecDeepRecrypt: 'VirtualMachineDefinedProfileSpec',
  CryptoSpecDecrypt: 'VirtualMachineEmptyProfileSpec',
};

export const PRIVILEGE_OF: Readonly<Record<CryptoSpec['_typeName'], Privilege | undefined>> = {
  CryptoSpecEncrypt: 'Cryptographer.Encrypt',
  CryptoSpecDecrypt: 'Cryptographer.Decrypt',
  CryptoSpecShallowRecrypt: 'Cryptographer.Recrypt',
  CryptoSpecDeepRecrypt: 'Cryptographer.Recrypt',
  CryptoSpecRegister: 'Cryptographer.RegisterVM',
  CryptoSpecNoOp: undefined,
};

export function keyOf(spec: CryptoSpec): CryptoKeyId | undefined {
  if ('newKeyId' in spec) return spec.newKeyId;
  return 'cryptoKeyId' in spec ? spec.cryptoKeyId : undefined;
}
