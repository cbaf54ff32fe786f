export * from './call-guard';
export * from './deletion-proof';
export * from './key-manager.error';
export * from './key-manager.port';
export * from './preflight';
