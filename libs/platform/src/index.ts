export { endpointGuard, endpointTemplates } from './cloud-endpoints';
export { databaseConnection, loginIn, socketUrl, withLogin } from './database-connection';
export { openRegion } from './open-region';
export { type ProofSettings, readProofPolicy } from './proof-policy';
export { Region, type RegionSettings } from './region';
export { type TenantKeyManager, TenantKeyManagers } from './tenant-key-managers';
export * from './restore/restore-watch';
