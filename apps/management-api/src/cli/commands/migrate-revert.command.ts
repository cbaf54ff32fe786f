import { type Environment } from '@lib/config';
import { migrationStatus, revertLastMigration } from '@lib/persistence';
import { databaseConnection } from '@lib/platform';

import { readMigrationConfig } from '../admin.config';
import { type Arguments, UsageError } from '../arguments';
import { asOwner } from '../as-owner';

/**
 * Takes the newest migration back, with the data that only it has a place for. Prints its name.
 * @throws UsageError unless `--confirm` is its name, or when no migration of this release ran last
 */
export async function migrateRevert(environment: Environment, given: Arguments): Promise<object> {
  const { databaseUrl } = readMigrationConfig(environment);
  const confirmed = given.get('confirm');
  const owner = databaseConnection(databaseUrl);
  const last = (await asOwner(() => migrationStatus(owner))).findLast(({ ran }) => ran)?.name;
  if (last === undefined) throw new UsageError('no migration ran: there is nothing to take back');
  if (confirmed !== last) {
    throw new UsageError(`the newest migration is ${last}; its data is lost with it: --confirm ${last} takes it back`);
  }
  await asOwner(() => revertLastMigration(owner));
  return { reverted: last };
}
