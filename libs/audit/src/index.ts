export * from './audit-chain';
export * from './audit-event';
export * from './cadf';
export * from './audit-trail.port';
