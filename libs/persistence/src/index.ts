export { type DatabaseConnection } from './database/connection';
export { createDataSource, type DataSourceOptions } from './database/data-source';
export { revertLastMigration, runMigrations, schemaDrift } from './database/migrate';
export { CommitOutcomeUnknown, DatabaseUnavailable } from './database/persistence.error';
export { TenantTransactions, type Transaction } from './database/transactions';
export { PostgresObjectStores } from './catalog/postgres-object-stores';
export { PostgresKeyCatalog } from './catalog/postgres-key-catalog';
