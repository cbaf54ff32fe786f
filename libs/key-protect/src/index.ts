export * from './endpoint-guard';
export { iamTokenRequest, type TokenRequest } from './iam/request-token';
export { type OpenApiKey } from './iam/token-source';
export * from './key-manager-registry';
export * from './connection';
export { type CallLimits, DEFAULT_CALL_LIMITS } from './resilience/call-guard';
export { type BreakerState } from './resilience/circuit-breaker';
export { type TryEvent } from './rest/key-protect-client';
export { systemTiming, type Timing } from './timing';
