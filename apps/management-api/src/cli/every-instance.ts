import { type InstanceId } from '@lib/kernel';
import { type PostgresRegionDirectory } from '@lib/persistence';

const PAGE = 1_000;

/** All of the region, in the order of their ids. */
export async function everyInstance(
  directory: Pick<PostgresRegionDirectory, 'instances'>,
): Promise<readonly InstanceId[]> {
  const all: InstanceId[] = [];
  for (;;) {
    const after = all.at(-1);
    const page = await directory.instances({ limit: PAGE, ...(after && { after }) });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
