import { type KmipClusterInfo } from '@lib/vi-json';

import { type Inventory } from '../inventory/inventory';
import { type Chosen } from '../rekey/targets';
import { type RekeyMode } from '../rekey/journal';
import { counted } from '../../output/counted';

/** Guesses, until a run has a pace of its own: a shallow re-key writes headers, a deep one all that is on the disks. */
const SHALLOW_WAVE_SECONDS = 10;
const DEEP_BYTES_PER_SECOND = 100 * 1024 * 1024;

export function estimateSeconds(
  { targets }: Pick<Chosen, 'targets'>,
  inventory: Inventory,
  { mode, wave }: { readonly mode: RekeyMode; readonly wave: number },
): number {
  const waves = Math.ceil(targets.length / wave);
  if (mode === 'shallow') return waves * SHALLOW_WAVE_SECONDS;
  const chosen = new Set(targets.map(({ object }) => object.value));
  const bytes = inventory.machines
    .filter(({ object }) => chosen.has(object.value))
    .reduce((sum, { capacityBytes }) => sum + capacityBytes, 0);
  return waves * SHALLOW_WAVE_SECONDS + Math.ceil(bytes / DEEP_BYTES_PER_SECOND / wave);
}

/** What somebody should know before a migration, beside what stops or endangers single objects. */
export function remarks(inventory: Inventory, from: string, to: KmipClusterInfo): readonly string[] {
  const snapshots = inventory.references.filter(
    ({ kind, provider }) => kind.startsWith('snapshot') && provider === from,
  );
  const policies = inventory.references.filter(({ kind, provider }) => kind === 'cluster_policy' && provider === from);
  const old = inventory.hosts.filter(({ version }) => version !== '' && Number.parseInt(version, 10) < 8);
  return [
    ...(to.useAsDefault
      ? []
      : [
          `${to.clusterId.id} is not the default key provider: new VMs go on being encrypted with the default one. kmip4v vcenter connect --default.`,
        ]),
    ...(snapshots.length > 0
      ? [
          `Snapshots keep the keys with which they were made (in ${counted(snapshots.length, 'place')}): delete them, or keep ${from} until they have gone.`,
        ]
      : []),
    ...policies.map(({ name }) => `The cluster ${name} has a key policy that names ${from}: change it in vCenter.`),
    ...(old.length > 0
      ? [`Hosts older than 8.0: ${old.map(({ name, version }) => `${name} (${version})`).join(', ')}.`]
      : []),
    'Backups that were made before need the old keys when they are restored; products that copy encrypted disks may have to be told of the new provider.',
  ];
}
