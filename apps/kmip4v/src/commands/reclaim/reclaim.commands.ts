import { type Command } from '../../command-line/command';
import { reclaimInventory } from './inventory.command';
import { reclaimList } from './list.command';
import { reclaimQuarantine } from './quarantine.command';
import { reclaimQuarantined } from './quarantined.command';
import { reclaimRelease } from './release.command';
import { reclaimUpload } from './upload.command';

export const reclaimCommands: readonly Command[] = [
  reclaimInventory,
  reclaimUpload,
  reclaimList,
  reclaimQuarantine,
  reclaimQuarantined,
  reclaimRelease,
];
