export * from './connection';
export * from './drivers';
export { iamTokenRequest, type TokenRequest } from './iam/request-token';
export { TokenSource } from './iam/token-source';
export * from './management/cloud-account';
export { type InstancePolicy, type KeyVersion } from './rest/resources';
