import { type Clock } from '@lib/kernel';
import { KeyManagerError, NOT_INITIALISED } from '@lib/key-manager';

import { type ExchangeError, type HttpResponse } from './http-exchange';
import { errorBody } from './resources';

/** What a call is about: a 404 means something else for a root key than for a stored key. */
export type CallTarget = 'root_key' | 'stored_key' | 'instance';

export interface Refusal {
  readonly status: number;
  /** First reason code; absent on 401 and on bodies that are not Key Protect's. */
  readonly reasonCode: string | undefined;
  /** Field the first reason complains about. */
  readonly field: string | undefined;
  /** The body has Key Protect's shape: the key manager spoke, and not a proxy on the way. */
  readonly genuine: boolean;
  /** HPCS and Dedicated answer 503 until their administrators have loaded a master key. */
  readonly uninitialised: boolean;
  readonly retryAfterMs: number | undefined;
}

const UNINITIALISED = 'kms-initialized';

/** Reads what we decide by; the service's own text is dropped, since it may repeat what we sent. */
export function readRefusal(response: HttpResponse, clock: Clock): Refusal {
  const text = response.body.toString('utf8');
  const parsed = errorBody.safeParse(parseJson(text));
  const reason = parsed.data?.resources[0]?.reasons?.[0];
  return {
    status: response.status,
    reasonCode: reason?.code,
    field: reason?.target?.name,
    genuine: parsed.success,
    uninitialised: response.status === 503 && text.includes(UNINITIALISED),
    retryAfterMs: parseRetryAfter(response.header('retry-after'), clock),
  };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** RFC 9110 §10.2.3: seconds or a date. */
export function parseRetryAfter(value: string | undefined, clock: Clock): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1_000;
  // Date.parse takes nearly anything for a date; an HTTP date ends in GMT.
  const atMs = value.endsWith(' GMT') ? Date.parse(value) : NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - clock.now().getTime());
}

export function exchangeFault(error: ExchangeError): KeyManagerError {
  const details = { certainlyNotDone: !error.sent, cause: error.cause };
  switch (error.kind) {
    case 'aborted':
      return new KeyManagerError('timeout', 'the key manager did not answer in time', details);
    case 'connection':
      return new KeyManagerError('unavailable', connectionMessage(error), details);
    case 'too_large':
      return new KeyManagerError('refused', 'the key manager answered with more bytes than any answer has', details);
  }
}

function connectionMessage(error: ExchangeError): string {
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : '';
  return error.sent
    ? `the connection to the key manager broke before the answer came${code}`
    : `no connection to the key manager could be made${code}`;
}

export const unreadableAnswer = (status: number): KeyManagerError =>
  new KeyManagerError('unavailable', 'the key manager answered, but not in the form it documents', {
    httpStatus: status,
    certainlyNotDone: false,
  });

/** 409 and 422 for a root key whose state forbids the action; only its metadata tell which state that is. */
export const isRootKeyStateRefusal = ({ status, reasonCode }: Refusal): boolean =>
  (status === 409 && reasonCode === 'KEY_ACTION_INVALID_STATE_ERR') ||
  (status === 422 && reasonCode === 'KEY_INVALID_STATE_ERR');

/** The token itself is not accepted (a malformed or expired one may give 400), or a role is missing: nobody can tell. */
export const isTokenRefusal = ({ status, reasonCode, genuine }: Refusal): boolean =>
  (status === 401 && genuine) || (status === 400 && reasonCode === 'BEARER_SUB_EXTRACTION_ERR');

/** Key Protect answers so for a ciphertext it did not make, and also for errors inside its HSMs. */
export const mayBeInternalError = ({ status, reasonCode }: Refusal): boolean =>
  status === 422 && reasonCode === 'UNPROCESSABLE_CIPHERTEXT_ERR';

interface FaultText {
  readonly fault: KeyManagerError['fault'];
  readonly message: string;
}

export function refusalFault(refusal: Refusal, target: CallTarget): KeyManagerError {
  const { status, retryAfterMs } = refusal;
  const reasonCode = refusal.uninitialised ? NOT_INITIALISED : refusal.reasonCode;
  const { fault, message } = explain(refusal, target);
  return new KeyManagerError(fault, message, {
    httpStatus: status,
    certainlyNotDone: provesRefusal(refusal),
    ...(mayBeInternalError(refusal) ? { doubtful: true } : {}),
    ...(reasonCode === undefined ? {} : { reasonCode }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/**
 * A 4xx in the key manager's own words was refused before any effect. A proxy's 4xx (408, 499, a page) says nothing of
 * what became of the request behind it; only a limiter, wherever it stands, refuses before it passes anything on.
 */
const provesRefusal = ({ status, genuine }: Refusal): boolean =>
  status === 429 || (genuine && status >= 400 && status < 500);

function explain(refusal: Refusal, target: CallTarget): FaultText {
  const { status, genuine } = refusal;
  if (status === 429) return { fault: 'rate_limited', message: 'the key manager asks to be called less often' };
  if (status >= 500 && status !== 501) return serverError(refusal);
  if (status >= 400 && status < 500 && !genuine) {
    return {
      fault: 'unavailable',
      message: `something other than the key manager answered (HTTP ${status}); what became of the request is unknown`,
    };
  }
  if (isTokenRefusal(refusal)) {
    return {
      fault: 'permission_denied',
      message:
        'the token is valid but the role is missing or the instance is wrong: the service ID needs Writer on the key-manager instance (Manager to delete)',
    };
  }
  if (status === 403) return forbidden(refusal);
  if (status === 404 || status === 410) return gone(refusal, target);
  if (isForeignCiphertext(refusal)) {
    return {
      fault: 'ciphertext_rejected',
      message: 'the root key does not unwrap this: it did not wrap it, or not for this identifier',
    };
  }
  return { fault: 'refused', message: refusedMessage(refusal) };
}

function forbidden({ reasonCode }: Refusal): FaultText {
  const message =
    reasonCode === 'CONFIG_RULE_CONFLICT_ERR'
      ? 'a network rule of the key-manager instance (context-based restriction) keeps this gateway out'
      : 'the key manager forbids this to the service ID';
  return { fault: 'permission_denied', message };
}

function serverError({ status, uninitialised }: Refusal): FaultText {
  const message = uninitialised
    ? 'the HPCS instance is not initialised: its administrators must load a master key first'
    : `the key manager is not working (HTTP ${status})`;
  return { fault: 'unavailable', message };
}

const GONE: ReadonlySet<string> = new Set(['KEY_NOT_FOUND_ERR', 'KEY_DELETED_ERR']);

function gone(refusal: Refusal, target: CallTarget): FaultText {
  const { status, reasonCode } = refusal;
  // It may be the instance, or the address, that is not there.
  if (reasonCode === undefined || !GONE.has(reasonCode)) return { fault: 'refused', message: refusedMessage(refusal) };
  switch (target) {
    case 'stored_key':
      return { fault: 'stored_key_missing', message: 'the stored key was deleted in the key manager, or never there' };
    case 'root_key':
      return status === 410
        ? { fault: 'root_key_deleted', message: 'the root key was deleted: what it wrapped is gone for good' }
        : { fault: 'root_key_missing', message: 'the key-manager instance has no root key with this id' };
    case 'instance':
      return { fault: 'refused', message: 'the key-manager instance was not found' };
  }
}

const isForeignCiphertext = (refusal: Refusal): boolean =>
  mayBeInternalError(refusal) || isMalformedCiphertext(refusal);

const isMalformedCiphertext = ({ status, reasonCode, field }: Refusal): boolean =>
  status === 400 && reasonCode === 'INVALID_FIELD_ERR' && field?.includes('ciphertext') === true;

const REFUSED: Readonly<Record<string, string>> = {
  KEY_CREATE_IMPORT_ACCESS_ERR:
    'the instance policy keyCreateImportAccess forbids importing standard keys; allow import_standard_key without enforce_token',
  AUTHORIZATIONS_NOT_MET: 'the instance asks for two authorisations to delete a key (dualAuthDelete)',
  PROTECTED_RESOURCE_ERR: 'another cloud resource is registered with this key',
  PREV_KEY_DEL_ERR: 'another cloud resource forbids the deletion of this key',
  KEY_ROOT_REQ_ERR: 'the id given as root key names a standard key, which cannot wrap anything',
  REQ_TOO_EARLY_ERR: 'the key was changed a moment ago; try again in a minute',
  KEY_SEARCH_TOO_BROAD: 'the instance holds too many keys to search them by name',
};

function refusedMessage({ status, reasonCode }: Refusal): string {
  if (status >= 300 && status < 400) return 'the key manager answered with a redirect, which is never followed';
  const known = reasonCode === undefined ? undefined : REFUSED[reasonCode];
  return (
    known ?? `the key manager refuses the request (HTTP ${status}${reasonCode === undefined ? '' : `, ${reasonCode}`})`
  );
}
