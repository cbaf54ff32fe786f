export * from './audit-chain';
export { ACTION_CODES } from './audit-codes';
export * from './audit-event';
export * from './audit-head';
export * from './cadf';
export * from './audit-trail.port';
export * from './head-signer';
export { packAuditEvent, packedNeedles, packedTarget, unpackAuditEvent } from './packed-event';
