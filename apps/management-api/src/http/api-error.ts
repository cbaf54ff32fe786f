/** Every error code of the tenant API; the enumeration in docs/openapi/tenant-api.yaml is the same list (a spec compares). */
export const API_ERROR_CODES = [
  'invalid_body',
  'invalid_field',
  'missing_field',
  'unknown_field',
  'duplicate_field',
  'invalid_parameter',
  'missing_parameter',
  'unknown_parameter',
  'duplicate_parameter',
  'invalid_header',
  'missing_header',
  'not_acceptable',
  'unsupported_media_type',
  'body_too_large',
  'uri_too_long',
  'method_not_allowed',
  'invalid_certificate',
  'invalid_certificate_signing_request',
  'reserved_value',
  'duplicate_certificate',
  'quota_exceeded',
  'invalid_state',
  'name_mismatch',
  'root_key_unavailable',
  'credential_missing',
  'credential_rejected',
  'key_manager_unavailable',
  'instance_disabled',
  'unauthenticated',
  'forbidden',
  'not_found',
  'precondition_failed',
  'too_many_requests',
  'request_timeout',
  'service_unavailable',
  'internal_error',
] as const;

export type ApiErrorCode = (typeof API_ERROR_CODES)[number];

export interface ApiFault {
  readonly code: ApiErrorCode;
  readonly message: string;
  readonly target?: { readonly type: 'field' | 'parameter' | 'header'; readonly name: string };
}

/** A refusal that is ready to be answered: status, one or more faults, and headers such as `Allow`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly faults: readonly ApiFault[],
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(faults[0]?.message ?? 'refused');
    this.name = 'ApiError';
  }

  static of(status: number, code: ApiErrorCode, message: string, target?: ApiFault['target']): ApiError {
    return new ApiError(status, [{ code, message, ...(target && { target }) }]);
  }
}

/** The same answer whether the resource never existed or belongs to somebody else. */
export const notFound = (): ApiError =>
  ApiError.of(404, 'not_found', 'The resource does not exist, or you may not know of it.');

export const preconditionFailed = (): ApiError =>
  ApiError.of(412, 'precondition_failed', 'The resource has another ETag than `If-Match` says: read it again.', {
    type: 'header',
    name: 'If-Match',
  });
