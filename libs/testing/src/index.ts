export * from './key-manager/fake-key-manager';
export * from './key-manager/fake-root-key';
export { type FaultOptions, type KeyManagerMethod } from './key-manager/fault-script';
export * from './key-manager/key-manager.contract';
export * from './key-manager/fake-key-protect';
export * from './key-manager/manual-timing';
export * from './iam/fake-iam';
export * from './postgres/test-postgres';
export * from './postgres/samples';
