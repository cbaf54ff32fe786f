export { type DatabaseConnection, type DatabaseTls } from './database/connection';
export { type DatabaseServer } from './database/primary-finder';
export { requireOwnSessions } from './database/own-sessions';
export { createDataSource, type DatabaseRole, type DataSourceOptions } from './database/data-source';
export {
  type DatabaseLogin,
  excessPowers,
  handOverDatabase,
  LoginsNotProvided,
  provideLogins,
} from './database/logins';
export { migrationStatus, revertLastMigration, runMigrations } from './database/migrate';
export { PostgresStatus } from './database/postgres-status';
export { CommitOutcomeUnknown, DatabaseUnavailable } from './database/persistence.error';
export { type AuditedCommit, observeCommits } from './database/commit-observers';
export { TenantTransactions, type Transaction } from './database/transactions';
export { type PendingLogin, PostgresConsoleLogins } from './console/postgres-console-logins';
export { type ConsoleSession, PostgresConsoleSessions, type SessionLimits } from './console/postgres-console-sessions';
export { PostgresObjectStores } from './catalog/postgres-object-stores';
export { PostgresKeyCatalog } from './catalog/postgres-key-catalog';
export { PostgresReclaimStores } from './catalog/postgres-reclaim-stores';
export { PostgresShredPlans } from './catalog/postgres-shred-plans';
export { type InvalidationBusOptions, PostgresInvalidationBus } from './coordination/postgres-invalidation-bus';
export { PostgresActivationLog } from './coordination/postgres-activation-log';
export { PostgresLeases } from './coordination/postgres-leases';
export { PostgresRegionDirectory } from './tenancy/postgres-region-directory';
export { PostgresUnitOfWork } from './tenancy/postgres-unit-of-work';
export {
  type InstanceSigns,
  markOf,
  PostgresInstanceChanges,
  type TrailPosition,
} from './tenancy/postgres-instance-changes';
export { PostgresWebhooks, type WebhookOutcome } from './tenancy/postgres-webhooks';
export { type PendingEvent } from './audit/pending-events';
export { BEFORE_MONTHS, type ChainInMonth, isWhole } from './audit/chains-in-month';
export { NotArchived, OwnedAuditMonths } from './audit/owned-audit-months';
export { PostgresAuditArchives } from './audit/postgres-audit-archives';
export { PostgresAuditHeads } from './audit/postgres-audit-heads';
export { PostgresAuditMonths } from './audit/postgres-audit-months';
export { PostgresAuditTrail } from './audit/postgres-audit-trail';
export { PostgresConnectionAttempts } from './diagnosis/postgres-connection-attempts';
export { PostgresDailyUsages } from './metering/postgres-daily-usages';
export { PostgresServiceInstanceDirectory } from './broker/postgres-service-instance-directory';
export { PostgresServiceInstanceUnitOfWork } from './broker/postgres-service-instance-unit-of-work';
export {
  PostgresRegionProgress,
  type RegionProgress,
  type SettledWithdrawal,
} from './restore/postgres-region-progress';
