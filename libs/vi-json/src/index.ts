export * from './client/key-providers';
export {
  PinnedTransport,
  presentedCertificate,
  type PresentedCertificate,
  sameFingerprint,
} from './client/pinned-transport';
export * from './client/properties';
export * from './client/session-options';
export * from './client/soap/xml';
export * from './client/tasks';
export * from './client/transport';
export * from './client/vi-connection.error';
export * from './client/vi-fault';
export * from './client/vi-session';
export * from './types/crypto';
export * from './types/faults';
export * from './types/host';
export * from './types/methods';
export * from './types/negotiation';
export * from './types/property-collector';
export * from './types/service';
export * from './types/task';
export * from './types/values';
export * from './types/virtual-machine';
