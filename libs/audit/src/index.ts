export * from './audit-chain';
export * from './audit-event';
export * from './audit-head';
export * from './cadf';
export * from './audit-trail.port';
export * from './head-signer';
