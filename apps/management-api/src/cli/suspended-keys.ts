import { type Clock, type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { type ListedKey } from '@lib/kmip-engine';
import { type PostgresKeyCatalog } from '@lib/persistence';

/** To compare with an exported trail: what is missing here was suspended after the backup. */
export async function suspendedKeys(
  catalogs: PostgresKeyCatalog,
  clock: Clock,
  instanceId: InstanceId,
  pageSize = 1_000,
): Promise<readonly UniqueIdentifier[]> {
  const catalog = catalogs.forInstance(instanceId);
  const order = { by: 'created', descending: false } as const;
  const all: ListedKey[] = [];
  for (;;) {
    const last = all.at(-1);
    const after = last && { at: last.initialDate, id: last.uniqueIdentifier };
    const asked = { suspended: true, asOf: clock.now(), order, limit: pageSize };
    const page = await catalog.list({ ...asked, ...(after && { after }) });
    all.push(...page);
    if (page.length < pageSize) return all.map(({ uniqueIdentifier }) => uniqueIdentifier);
  }
}
