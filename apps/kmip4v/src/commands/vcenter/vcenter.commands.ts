import { type Command } from '../../command-line/command';
import { vcenterConnect } from './connect.command';
import { vcenterInventory } from './inventory.command';
import { vcenterMigrate } from './migrate.command';
import { vcenterRekey } from './rekey.command';
import { vcenterRenew } from './renew.command';
import { vcenterStatus } from './status.command';
import { vcenterUnlock } from './unlock.command';

export const vcenterCommands: readonly Command[] = [
  vcenterConnect,
  vcenterStatus,
  vcenterRenew,
  vcenterInventory,
  vcenterRekey,
  vcenterMigrate,
  vcenterUnlock,
];
