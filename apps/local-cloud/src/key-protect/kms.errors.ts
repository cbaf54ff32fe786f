import { type FastifyReply } from 'fastify';

export type ErrorTarget = { readonly type: 'field' | 'query_param'; readonly name: string };

/** Status and text of every reason this stand-in gives; the wording is part of what clients have learnt to read. */
const REASONS = {
  AUTHORIZATIONS_NOT_MET: [409, 'Number of authorizations required to delete is not met'],
  BAD_BODY_ERR: [
    400,
    'Invalid body data was passed. Please ensure the data passed had valid formatting with no invalid characters',
  ],
  BEARER_SUB_EXTRACTION_ERR: [
    400,
    'Extracting the subject from the bearer token failed: Make sure the bearer token passed is the correct one (and correct format) and is allowed to perform requested actions',
  ],
  BODY_QUERY_PARAM_MISMATCH_ERR: [400, 'Data in body does not match data required by query parameter'],
  COLLECTION_TOTAL_MISMATCH_ERR: [400, 'Collection total does not match number of resources'],
  FEATURE_RESTRICTED_ERR: [
    403,
    'This action is not permitted on this resource: Please contact IBM Key Protect or open a service ticket to enable this feature',
  ],
  IMPORT_TOKEN_EXPIRED_ERR: [409, 'The import token has expired.'],
  INVALID_FIELD_ERR: [400, 'The field is not valid'],
  INVALID_QUERY_PARAM_ERR: [400, 'The query parameter is not valid'],
  KEY_ACTION_INVALID_STATE_ERR: [409, 'Key is not in a valid state'],
  KEY_ALIAS_NOT_FOUND_ERR: [404, 'Alias does not exist'],
  KEY_ALIAS_NOT_UNIQUE_ERR: [409, 'Alias is already in use in this instance'],
  KEY_ALIAS_QUOTA_ERR: [409, 'The maximum number of aliases is reached'],
  KEY_CREATE_IMPORT_ACCESS_ERR: [409, 'KeyCreateImportAccess instance policy does not allow this action'],
  KEY_DELETED_ERR: [410, 'Key has already been deleted. Please delete references to this key.'],
  KEY_EXPIRED_ERR: [400, 'The action could not be performed on the key because the key is expired.'],
  KEY_NOT_FOUND_ERR: [404, 'Key does not exist'],
  KEY_PAYLOAD_REQ_ERR: [
    400,
    "This root key was created with user-supplied key material: Key material is required to perform a 'rotate' action",
  ],
  KEY_QUOTA_ERR: [409, 'The maximum number of keys is reached'],
  KEY_RESTORE_EXPIRED: [400, 'Key restoration has expired'],
  KEY_RING_NOT_EMPTY_ERR: [409, 'Key ring is not empty'],
  KEY_RING_NOT_FOUND_ERR: [404, 'Key ring does not exist'],
  KEY_RING_NOT_UNIQUE_ERR: [409, 'Key ring already exists'],
  KEY_RING_QUOTA_ERR: [409, 'The maximum number of key rings is reached'],
  KEY_ROOT_REQ_ERR: [400, 'Requested action can only be completed with a root key.'],
  KEY_ROTATION_NOT_PERMITTED: [
    409,
    "This root key has been rotated within the last hour: Only one 'rotate' action per hour is permitted",
  ],
  KEY_SEARCH_TOO_BROAD: [400, 'The search covers more than 5000 keys; narrow it with filters'],
  NO_BODY_ERR: [400, 'Missing body in request'],
  NOT_DUAL_AUTH_ERR: [409, 'The key is not dual auth enabled and cannot be set for deletion'],
  NUM_COLLECTION_RESOURCE_ERR: [
    400,
    'Only a single instance policy may be created per query parameter. Please pass single resource object',
  ],
  REQ_TOO_EARLY_ERR: [409, 'The key was updated recently. Please wait and try again.'],
  SERVICE_ONLY_ERR: [403, 'This action can only be done by a service (service to service)'],
  UNPROCESSABLE_CIPHERTEXT_ERR: [422, 'The provided ciphertext is invalid or corrupted'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type ReasonCode = keyof typeof REASONS;

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
  500: 'Internal Server Error',
};

const MORE_INFO = 'https://cloud.ibm.com/apidocs/key-protect';

export class KmsError extends Error {
  readonly status: number;

  constructor(
    readonly code: ReasonCode,
    readonly details: {
      /** Replaces the reason's own text. */
      readonly message?: string;
      /** Follows the reason's own text. */
      readonly because?: string;
      /** Goes before what failed, e.g. "Key is not in active state". */
      readonly preface?: string;
      readonly target?: ErrorTarget;
    } = {},
  ) {
    const text = details.message ?? REASONS[code][1];
    super(details.because === undefined ? text : `${text}: ${details.because}`);
    this.status = REASONS[code][0];
  }
}

/** One answer for a bad token, a missing role and an unknown instance: callers cannot tell them apart. */
export class KmsUnauthorizedError extends Error {}

/** The whole instance was removed, with all its keys. */
export class KmsGoneError extends Error {}

export const invalidField = (name: string, mustBe: string): KmsError =>
  new KmsError('INVALID_FIELD_ERR', {
    message: `The field \`${name}\` must be: ${mustBe}`,
    target: { type: 'field', name },
  });

export const invalidQuery = (name: string, mustBe: string): KmsError =>
  new KmsError('INVALID_QUERY_PARAM_ERR', {
    message: `The query_param \`${name}\` must be: ${mustBe}`,
    target: { type: 'query_param', name },
  });

export const badBody = (because: string): KmsError => new KmsError('BAD_BODY_ERR', { because });

export function sendKmsError(reply: FastifyReply, error: KmsError, failed: string): FastifyReply {
  const { target, preface } = error.details;
  const what = preface === undefined ? failed : `${preface}: ${failed}`;
  const reason = {
    code: error.code,
    message: error.message,
    status: error.status,
    moreInfo: MORE_INFO,
    ...(target && { target }),
  };
  const errorMsg = `${statusText(error.status)}: ${what}: Please see \`reasons\` for more details (${error.code})`;
  return sendEnvelope(reply, error.status, { errorMsg, reasons: [reason] });
}

/** An error without reasons, as 401 is and as anything is that stops before the operation. */
export const sendPlainError = (reply: FastifyReply, status: number, detail: string): FastifyReply =>
  sendEnvelope(reply, status, { errorMsg: `${statusText(status)}: ${detail}` });

const statusText = (status: number): string => STATUS_TEXT[status] ?? 'Error';

function sendEnvelope(reply: FastifyReply, status: number, resource: object): FastifyReply {
  return reply.code(status).send({
    metadata: { collectionType: 'application/vnd.ibm.kms.error+json', collectionTotal: 1 },
    resources: [resource],
  });
}
