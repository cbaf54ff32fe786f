/**
 * Every error code of the tenant API with the statuses it comes with. Specs compare it with the enumeration in
 * docs/openapi/tenant-api.yaml and with docs/errors.md.
 */
export const API_ERRORS = {
  invalid_body: [400],
  invalid_field: [400],
  missing_field: [400],
  unknown_field: [400],
  duplicate_field: [400],
  invalid_parameter: [400],
  missing_parameter: [400],
  unknown_parameter: [400],
  duplicate_parameter: [400],
  invalid_header: [400],
  missing_header: [400],
  not_acceptable: [406],
  unsupported_media_type: [415],
  body_too_large: [413],
  uri_too_long: [414],
  method_not_allowed: [405],
  invalid_certificate: [400],
  invalid_certificate_signing_request: [400],
  reserved_value: [409],
  duplicate_certificate: [409],
  certificate_issued_elsewhere: [409],
  quota_exceeded: [409],
  invalid_state: [409],
  inventory_incomplete: [409],
  name_mismatch: [409],
  confirmation_required: [409],
  second_person_required: [409],
  root_key_unavailable: [400],
  credential_missing: [409],
  credential_rejected: [400, 409],
  key_manager_unavailable: [409, 503],
  instance_disabled: [403],
  unauthenticated: [401],
  forbidden: [403],
  not_found: [404],
  precondition_failed: [412],
  too_many_requests: [429],
  service_unavailable: [503],
  internal_error: [500],
} as const satisfies Record<string, readonly number[]>;

export type ApiErrorCode = keyof typeof API_ERRORS;

export interface ApiFault {
  readonly code: ApiErrorCode;
  readonly message: string;
  /** Which of the causes of `code` it is, for who words it in another language. */
  readonly reason?: string;
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

  static of<Code extends ApiErrorCode>(
    status: (typeof API_ERRORS)[Code][number],
    code: Code,
    message: string,
    target?: ApiFault['target'],
  ): ApiError {
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
