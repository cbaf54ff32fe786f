import { inParallel } from '@lib/kernel';
import { type DiskBacking, type Id, type ManagedObjectReference, retrieveAll, type ViSession } from '@lib/vi-json';

import { toldOfOne } from '../fault-remedies';
import { type Findings } from './inventory';
import { referenceOf } from './machines';

const AT_ONCE = 4;

export interface DiskFindings extends Findings {
  readonly examined: { firstClassDisks: number };
  /** Where a disk lies, by the id that its references have as object. */
  readonly datastores: Map<string, ManagedObjectReference>;
}

/** First-class disks that no VM has attached: volumes of Kubernetes, mostly. The attached ones are disks of VMs. */
export async function examineFirstClassDisks(session: ViSession, attached: ReadonlySet<string>): Promise<DiskFindings> {
  const found: DiskFindings = {
    references: [],
    unexamined: [],
    examined: { firstClassDisks: 0 },
    datastores: new Map(),
  };
  const { vStorageObjectManager: manager } = session.content;
  if (manager === undefined) {
    found.unexamined.push({ what: 'first-class disks', why: 'This vCenter has no interface for them.' });
    return found;
  }
  for (const object of await retrieveAll(session, { Datastore: ['name'] })) {
    const { ref, name } = object;
    try {
      const denied = object.unreadable('name');
      if (denied !== undefined) throw denied;
      const ids = await session.call(manager, 'VcenterVStorageObjectManager', 'ListVStorageObject', { datastore: ref });
      await inParallel(ids ?? [], AT_ONCE, async (id) => {
        if (!attached.has(id.id)) await examineDisk(session, manager, id, ref, found);
        return 'next';
      });
    } catch (error) {
      found.unexamined.push({ what: `first-class disks of the datastore ${name}`, why: toldOfOne(error) });
    }
  }
  return found;
}

async function examineDisk(
  session: ViSession,
  manager: ManagedObjectReference,
  id: Id,
  datastore: ManagedObjectReference,
  found: DiskFindings,
): Promise<void> {
  const type = 'VcenterVStorageObjectManager';
  const { config } = await session.call(manager, type, 'RetrieveVStorageObject', { id, datastore });
  found.examined.firstClassDisks += 1;
  found.datastores.set(id.id, datastore);
  const object = { type: 'VStorageObject', value: id.id };
  let depth = 0;
  for (
    let link: Pick<DiskBacking, 'keyId' | 'parent'> | undefined = config.backing;
    link !== undefined;
    link = link.parent
  ) {
    const detail = depth === 0 ? {} : { detail: `link ${depth} of its chain` };
    found.references.push(...referenceOf('first_class_disk', link.keyId, { object, name: config.name, ...detail }));
    depth += 1;
  }
}
