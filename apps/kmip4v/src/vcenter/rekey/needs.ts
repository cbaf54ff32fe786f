import { PRIVILEGES } from '@lib/vi-json';

import { type Inventory } from '../inventory/inventory';
import { type Need } from '../privileges';
import { idOf, type Target } from './journal';

/** What re-keying these objects needs on them: a role may be given on a folder of VMs alone. */
export function needsOf(targets: readonly Target[], inventory: Inventory): readonly Need[] {
  return targets.flatMap((target): readonly Need[] => {
    const { object: on, name, datastore } = target;
    switch (target.kind) {
      case 'machine':
        return [{ privilege: PRIVILEGES.recrypt, on, name }, ...hostOf(target, inventory)];
      case 'host':
        return [{ privilege: PRIVILEGES.registerHost, on, name }];
      case 'first_class_disk':
        return datastore === undefined
          ? []
          : [{ privilege: PRIVILEGES.fileManagement, on: datastore, name: `the datastore of ${name}` }];
      case 'vsan':
        return [
          { privilege: PRIVILEGES.manageKeys, on, name },
          { privilege: PRIVILEGES.editCluster, on, name },
        ];
    }
  });
}

/** A host without a key of its own is given one along with its VM. */
function hostOf(target: Target, { machines, hosts }: Inventory): readonly Need[] {
  const machine = machines.find((each) => idOf(each) === idOf(target));
  const host = hosts.find(({ object }) => object.value === machine?.host);
  if (host === undefined || host.cryptoState === 'safe') return [];
  return [{ privilege: PRIVILEGES.registerHost, on: host.object, name: host.name }];
}
