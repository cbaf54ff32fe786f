export * from './endpoint-guard';
export { iamTokenRequest, type TokenRequest } from './iam/request-token';
export { type OpenApiKey, TokenSource } from './iam/token-source';
export * from './key-manager-registry';
export * from './connection';
export { type TryEvent } from './rest/key-protect-client';
export * from './management/cloud-account';
export { type InstancePolicy, type KeyVersion } from './rest/resources';
