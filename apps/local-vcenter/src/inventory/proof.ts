import { type Secret } from '@lib/kernel';

import { type Center } from '../center';
import { keyName, type KeyReference, ProviderFailure } from '../kmip/provider-keys';
import { type SealedRow } from '../rows';
import { Inventory } from './inventory';
import { opens } from './sealing';

export interface Proof {
  /** What is sealed with keys: homes, files of disks, first-class disks, disks of vSAN. */
  readonly sealed: number;
  /** Of which the key server gave the key, and it opened them. */
  readonly opened: number;
  /** By provider: how much is sealed with its keys. */
  readonly byProvider: Readonly<Record<string, number>>;
}

/** Asks the key servers for every key that anything is sealed with, and opens it: nothing is taken from memory. */
export async function machineSeals(center: Center): Promise<Proof> {
  const seals = [
    ...center.inventory.vms().flatMap((vm) => Inventory.sealsOf(vm)),
    ...[...center.store.list('diskObject')].flatMap(({ sealed }) => sealed ?? []),
    ...[...center.store.list('cluster')].flatMap(({ vsanEncryption }) => Object.values(vsanEncryption?.disks ?? {})),
  ];
  const materials = new Map<string, Secret | undefined>();
  const byProvider: Record<string, number> = {};
  let opened = 0;
  for (const seal of seals) {
    byProvider[seal.providerId] = (byProvider[seal.providerId] ?? 0) + 1;
    if (!materials.has(keyName(seal))) materials.set(keyName(seal), await fetched(center, seal));
    if (isOpened(seal, materials.get(keyName(seal)))) opened += 1;
  }
  for (const material of materials.values()) material?.wipe();
  return { sealed: seals.length, opened, byProvider };
}

const isOpened = (seal: SealedRow, material: Secret | undefined): boolean =>
  material !== undefined && opens(seal, material);

async function fetched({ providers, keys }: Center, { keyId, providerId }: KeyReference): Promise<Secret | undefined> {
  const provider = providers.find(providerId);
  if (provider === undefined) return undefined;
  try {
    return await keys.material(provider, keyId);
  } catch (error) {
    if (error instanceof ProviderFailure) return undefined;
    throw error;
  }
}
