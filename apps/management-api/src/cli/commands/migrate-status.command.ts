import { type Environment } from '@lib/config';
import { migrationStatus } from '@lib/persistence';
import { databaseConnection } from '@lib/platform';

import { readMigrationConfig } from '../admin.config';
import { asOwner } from '../as-owner';

/** Prints what ran, and what is to come. */
export async function migrateStatus(environment: Environment): Promise<object> {
  const { databaseUrl } = readMigrationConfig(environment);
  return { migrations: await asOwner(() => migrationStatus(databaseConnection(databaseUrl))) };
}
