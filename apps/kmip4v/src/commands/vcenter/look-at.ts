import { type ViSession } from '@lib/vi-json';

import { value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { type Inventory } from '../../vcenter/inventory/inventory';
import { takeInventory } from '../../vcenter/inventory/take-inventory';
import { vsanFrom } from '../../vcenter/inventory/vsan-file';

/** Of the commands that look at all of a vCenter. */
export const LOOK_OPTIONS = {
  vsan: value('FILE', 'what vSAN clusters have, for where vCenter does not let it be read (JSON)'),
};

export async function lookAt(
  session: ViSession,
  { vsan }: { readonly vsan: string | undefined },
  { out, read }: Context,
): Promise<Inventory> {
  return await takeInventory(session, {
    now: new Date(),
    onProgress: (what) => out.note(`Looking at ${what}.`),
    ...(vsan !== undefined && { vsan: vsanFrom((await read(vsan)).toString('utf8'), vsan) }),
  });
}
