export * from './audit-chain';
export * from './audit-event';
export * from './cadf';
