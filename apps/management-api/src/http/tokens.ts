/** Base of all links, without a slash at the end. */
export const PUBLIC_URL = Symbol('PUBLIC_URL');
/** docs/openapi/tenant-api.yaml, as it is read at the start. */
export const API_DOCUMENT = Symbol('API_DOCUMENT');
/** Where an instance of the region belongs. */
export const INSTANCE_DIRECTORY = Symbol('INSTANCE_DIRECTORY');
/** Requests of one address, before anything is computed for the caller. */
export const ADDRESS_LIMITER = Symbol('ADDRESS_LIMITER');
/** Requests of one identity and account. */
export const CALLER_LIMITER = Symbol('CALLER_LIMITER');
/** By what callers say who they are. */
export const CALLER_CREDENTIALS = Symbol('CALLER_CREDENTIALS');
/** Takes what was read and what was refused into the audit trail. */
export const CALL_RECORDER = Symbol('CALL_RECORDER');
/** Hears of every answer of the tenant API. */
export const ANSWER_OBSERVER = Symbol('ANSWER_OBSERVER');
