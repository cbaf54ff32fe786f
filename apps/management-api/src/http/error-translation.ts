import { DomainError } from '@lib/kernel';

import { UnauthenticatedError } from '../auth/token-verifier';
import { ApiError, type ApiErrorCode, type ApiFault } from './api-error';
import { DOMAIN_ERRORS } from './domain-errors';
import { ERROR_GUIDE_PATH, errorAnchor } from './error-guide';
import { StrictJsonError } from './strict-json';

/** Faults that Fastify finds before a handler runs. */
export const FRAMEWORK_ERRORS: Readonly<Record<string, { status: number; code: ApiErrorCode; message: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, code: 'body_too_large', message: 'The body is larger than 1 MiB.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    code: 'unsupported_media_type',
    message: 'The body has a media type that is not supported here.',
  },
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: {
    status: 415,
    code: 'unsupported_media_type',
    message: 'The request has no `Content-Type`.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    status: 400,
    code: 'invalid_body',
    message: 'The body is not as long as `Content-Length` says.',
  },
  FST_ERR_BAD_URL: { status: 400, code: 'invalid_parameter', message: 'The path has a malformed percent sequence.' },
  FST_ERR_MAX_PARAM_LENGTH: { status: 414, code: 'uri_too_long', message: 'The URI is longer than 8000 bytes.' },
  ECONNRESET: { status: 400, code: 'invalid_body', message: 'The connection was closed within the body.' },
};

const JSON_FAULTS: Readonly<Record<StrictJsonError['fault'], string>> = {
  syntax: 'The body is not valid JSON.',
  encoding: 'The body is not valid UTF-8.',
  depth: 'The body is nested too deeply.',
  duplicate: 'The field is given twice.',
};

/** Elsewhere the cause would tell what is not told: that something of somebody else exists. */
const TELLING: ReadonlySet<number> = new Set([400, 409]);

const RETRY_SOON = { 'retry-after': '5' };

/** What to answer to whatever was thrown; `undefined` for a bug or an outage, which is answered with fixed text. */
export function translateError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof UnauthenticatedError) return unauthenticated();
  if (error instanceof StrictJsonError) return jsonFault(error);
  if (error instanceof DomainError) return domainFault(error);
  const framework = FRAMEWORK_ERRORS[codeOf(error)];
  return framework && new ApiError(framework.status, [{ code: framework.code, message: framework.message }]);
}

function unauthenticated(): ApiError {
  const fault: ApiFault = {
    code: 'unauthenticated',
    message: 'Send a valid IAM access token of an account as `Authorization: Bearer`.',
    target: { type: 'header', name: 'Authorization' },
  };
  return new ApiError(401, [fault], { 'www-authenticate': 'Bearer realm="IAM"' });
}

function jsonFault(error: StrictJsonError): ApiError {
  const message = JSON_FAULTS[error.fault];
  if (error.field === undefined) return ApiError.of(400, 'invalid_body', message);
  const name = error.field.slice(0, 128) || '(empty)';
  return ApiError.of(400, 'duplicate_field', message, { type: 'field', name });
}

function domainFault(error: DomainError): ApiError | undefined {
  const translation = DOMAIN_ERRORS[error.code];
  if (!translation) return undefined;
  const { status, code, target } = translation;
  return new ApiError(
    status,
    [{ code, message: error.message, ...(TELLING.has(status) && { reason: error.code }), ...(target && { target }) }],
    status === 503 ? RETRY_SOON : {},
  );
}

const codeOf = (error: unknown): string => {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
};

/** The body of every error answer (API Handbook, errors). */
export function errorContainer(error: ApiError, trace: string, publicUrl: string): object {
  const guide = `${publicUrl}${ERROR_GUIDE_PATH}`;
  return {
    errors: error.faults.map((fault) => ({ ...fault, more_info: `${guide}#${errorAnchor(fault.code)}` })),
    trace,
    status_code: error.status,
  };
}

/** Fixed text: what went wrong inside is for the log, under the same correlation id. */
export const internalError = (): ApiError =>
  ApiError.of(500, 'internal_error', 'The service failed. Quote the `trace` of this answer when you report it.');
