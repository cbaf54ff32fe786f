export * from './ports/managed-object';
export * from './ports/managed-object-store.port';
