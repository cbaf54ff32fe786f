export { type HeadSettings, type HeadSigning, headSigning } from './audit/head-signing';
export { endpointGuard, endpointTemplates } from './cloud-endpoints';
export { databaseConnection, loginIn, socketUrl, withLogin } from './database-connection';
export * from './key-manager-drivers';
export { openRegion } from './open-region';
export { type ProofSettings, readProofPolicy } from './proof-policy';
export { Region, type RegionSettings } from './region';
export { type TenantKeyManager, TenantKeyManagers } from './tenant-key-managers';
export * from './restore/restore-watch';
export * from './modules/key-managers.module';
export * from './modules/process.module';
export * from './modules/providers';
export * from './modules/region.module';
/** As a token: what apps provide of libs/persistence takes it. SQL stays there. */
export { DataSource } from 'typeorm';
