export { EmbeddedPostgresError } from './embedded-postgres.error';
export { startEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres';
/** For tests that start a server as others do. */
export { locateBinaries } from './binaries';
export { serverAccount } from './account';
