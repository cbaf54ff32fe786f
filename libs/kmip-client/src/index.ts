export * from './kmip-client';
export * from './kmip-client.error';
export {
  parseIdentity,
  presentedCertificate,
  type PresentedCertificateOptions,
  type ServerTrust,
  type TlsConnectionOptions,
  type TlsIdentity,
  type TlsSessionFacts,
} from './tls-connection';
export * from './vcenter-dialogue';
