import { DomainError } from '@lib/kernel';

import { IamUnavailableError } from '../../auth/iam-key-set';

/** Words that the specification reserves (OSB 2.17, "Service Broker Errors"), each bound to 422, and ours. */
export type OsbErrorWord =
  'AsyncRequired' | 'ConcurrencyError' | 'MaintenanceInfoConflict' | 'KeysInUse' | 'PlanLimitExceeded';

/** A refusal that is ready to be answered. The description is read by people in the platform's console. */
export class OsbError extends Error {
  constructor(
    readonly status: number,
    readonly description: string,
    readonly word?: OsbErrorWord,
    readonly extra: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(description);
    this.name = 'OsbError';
  }

  get body(): object {
    return { ...(this.word !== undefined && { error: this.word }), description: this.description, ...this.extra };
  }
}

export const badRequest = (description: string): OsbError => new OsbError(400, description);

/** Nothing was changed by a request that is refused with one of these, so it may simply be sent again. */
const UNCHANGED = { instance_usable: true } as const;

const STATUSES: Readonly<Record<string, { status: number; word?: OsbErrorWord; extra?: typeof UNCHANGED }>> = {
  catalog_invalid_request: { status: 400 },
  catalog_conflict: { status: 409 },
  catalog_async_required: { status: 422, word: 'AsyncRequired' },
  catalog_concurrent_operation: { status: 422, word: 'ConcurrencyError' },
  catalog_instance_unknown: { status: 404 },
  catalog_instance_gone: { status: 410 },
  catalog_binding_unknown: { status: 404 },
  catalog_binding_gone: { status: 410 },
  catalog_instance_disabled: { status: 403 },
  catalog_keys_in_use: { status: 422, word: 'KeysInUse', extra: UNCHANGED },
  catalog_plan_limit: { status: 422, word: 'PlanLimitExceeded', extra: UNCHANGED },
  invalid_name: { status: 400 },
  invalid_crn: { status: 400 },
  instance_not_found: { status: 404 },
};

/** Codes of Fastify for bodies it cannot take; the rest of its errors are of our own making. */
const FRAMEWORK: Readonly<Record<string, OsbError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: new OsbError(413, 'The request body is too large.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: badRequest('The request body is not as long as Content-Length says.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: badRequest('The request body must be application/json.'),
  // Methods of other protocols that Fastify reads a body of, such as QUERY.
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: badRequest('The request has no Content-Type.'),
  FST_ERR_BAD_URL: badRequest('The path has a malformed percent sequence.'),
  FST_ERR_MAX_PARAM_LENGTH: new OsbError(414, 'The id in the path is too long.'),
  ECONNRESET: badRequest('The connection was closed within the request body.'),
};

export const UNAVAILABLE = new OsbError(503, 'The service cannot answer now. Try again later.');

/** What to answer to whatever was thrown; undefined for a bug, which is answered with fixed text. */
export function toOsbError(error: unknown): OsbError | undefined {
  if (error instanceof OsbError) return error;
  if (error instanceof IamUnavailableError) return UNAVAILABLE;
  if (error instanceof DomainError) return ofDomain(error);
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && Object.hasOwn(FRAMEWORK, code) ? FRAMEWORK[code] : undefined;
}

const OUTAGES = new Set(['database_unavailable', 'database_share_used', 'commit_outcome_unknown']);

function ofDomain(error: DomainError): OsbError | undefined {
  if (OUTAGES.has(error.code)) return UNAVAILABLE;
  if (error.code === 'too_many_connections') return new OsbError(503, error.message);
  if (error.code.startsWith('certificate_')) return badRequest(error.message);
  const known = Object.hasOwn(STATUSES, error.code) ? STATUSES[error.code] : undefined;
  return known && new OsbError(known.status, error.message, known.word, known.extra);
}
