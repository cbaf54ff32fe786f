export * from './kmip-client';
export * from './kmip-client.error';
export { type ServerTrust, type TlsConnectionOptions, type TlsSessionFacts } from './tls-connection';
export * from './vcenter-dialogue';
