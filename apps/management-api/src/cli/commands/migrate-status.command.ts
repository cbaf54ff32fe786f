import { migrationStatus } from '@lib/persistence';
import { databaseConnection } from '@lib/platform';

import { type AdminConfig } from '../admin.config';
import { asOwner } from '../as-owner';

/** Prints what ran, and what is to come. */
export async function migrateStatus({ databaseUrl }: Pick<AdminConfig, 'databaseUrl'>): Promise<object> {
  return { migrations: await asOwner(() => migrationStatus(databaseConnection(databaseUrl))) };
}
