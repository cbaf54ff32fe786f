import {
  type BackingSpec,
  type CryptoKeyId,
  type CryptoSpec,
  type DefinedProfileSpec,
  type DiskBacking,
  type RetrievedObject,
  type VirtualDevice,
  type VirtualDeviceConfigSpec,
  type VirtualMachineConfigSpec,
} from '@lib/vi-json';

import { devicesOf } from '../inventory/machines';
import { type RekeyMode } from './journal';

/**
 * Gives home, every encrypted disk and every link of their chains the new key. Devices are sent just as they were read;
 * the change version makes sure that nothing was changed since (ConcurrentAccess).
 */
export function machineSpec(
  machine: RetrievedObject,
  key: CryptoKeyId,
  { mode, profile }: { readonly mode: RekeyMode; readonly profile?: string },
): VirtualMachineConfigSpec {
  const crypto: CryptoSpec = {
    _typeName: mode === 'shallow' ? 'CryptoSpecShallowRecrypt' : 'CryptoSpecDeepRecrypt',
    newKeyId: key,
  };
  const policies = mode === 'deep' && profile !== undefined ? [policy(profile)] : undefined;
  const changeVersion = machine.get<string>('config.changeVersion');
  const disks = devicesOf(machine).filter(({ backing }) => chainOf(backing).some(({ keyId }) => keyId !== undefined));
  return {
    _typeName: 'VirtualMachineConfigSpec',
    ...(changeVersion === undefined ? {} : { changeVersion }),
    ...(machine.get('config.keyId') === undefined ? {} : { crypto }),
    ...(policies === undefined ? {} : { vmProfile: policies }),
    deviceChange: disks.map((device) => diskChange(device, crypto, policies)),
  };
}

export function policy(profileId: string): DefinedProfileSpec {
  return { _typeName: 'VirtualMachineDefinedProfileSpec', profileId };
}

function diskChange(
  device: VirtualDevice,
  crypto: CryptoSpec,
  policies: readonly DefinedProfileSpec[] | undefined,
): VirtualDeviceConfigSpec {
  return {
    _typeName: 'VirtualDeviceConfigSpec',
    operation: 'edit',
    device,
    ...(policies === undefined ? {} : { profile: policies }),
    backing: backingSpec(device.backing, crypto),
  };
}

/** One for each link [inferred from the type: the reference has no example with snapshots]. */
function backingSpec(backing: DiskBacking | undefined, crypto: CryptoSpec): BackingSpec {
  return {
    _typeName: 'VirtualDeviceConfigSpecBackingSpec',
    ...(backing?.keyId === undefined ? {} : { crypto }),
    ...(backing?.parent === undefined ? {} : { parent: backingSpec(backing.parent, crypto) }),
  };
}

export function chainOf(backing: DiskBacking | undefined): readonly DiskBacking[] {
  const chain: DiskBacking[] = [];
  for (let link = backing; link !== undefined; link = link.parent) chain.push(link);
  return chain;
}
