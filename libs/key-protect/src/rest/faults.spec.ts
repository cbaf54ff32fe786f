import { ManualTiming } from '@lib/testing';

import { type CallTarget, isRootKeyStateRefusal, parseRetryAfter, readRefusal, refusalFault } from './faults';

const { clock } = new ManualTiming();
const CANARY = 'c2VjcmV0LWtleS1ieXRlcw==';

function body(code?: string, field?: string): string {
  const target = field === undefined ? {} : { target: { type: 'field', name: field } };
  const reasons =
    code === undefined ? {} : { reasons: [{ code, message: CANARY, status: 0, moreInfo: '', ...target }] };
  return JSON.stringify({ metadata: {}, resources: [{ errorMsg: CANARY, ...reasons }] });
}

function refusal(status: number, text: string, headers: Record<string, string> = {}) {
  return readRefusal({ status, header: (name) => headers[name], body: Buffer.from(text) }, clock);
}

describe('refusalFault', () => {
  it.each<[number, string, CallTarget, string, boolean]>([
    [400, body('KEY_ROOT_REQ_ERR'), 'root_key', 'refused', true],
    [400, body('BAD_BODY_ERR'), 'instance', 'refused', true],
    [400, body('BEARER_SUB_EXTRACTION_ERR'), 'root_key', 'permission_denied', true],
    [400, body('INVALID_FIELD_ERR', 'ciphertext'), 'root_key', 'ciphertext_rejected', true],
    [400, body('INVALID_FIELD_ERR', 'name'), 'instance', 'refused', true],
    [401, body(), 'root_key', 'permission_denied', true],
    [401, '', 'stored_key', 'unavailable', false],
    [403, body('CONFIG_RULE_CONFLICT_ERR'), 'root_key', 'permission_denied', true],
    [403, '<html>', 'root_key', 'unavailable', false],
    [404, body('KEY_NOT_FOUND_ERR'), 'root_key', 'root_key_missing', true],
    [404, body('KEY_NOT_FOUND_ERR'), 'stored_key', 'stored_key_missing', true],
    [404, body('KEY_NOT_FOUND_ERR'), 'instance', 'refused', true],
    [410, body('KEY_DELETED_ERR'), 'root_key', 'root_key_deleted', true],
    [410, body('KEY_DELETED_ERR'), 'stored_key', 'stored_key_missing', true],
    // The instance is gone, or the address is wrong: no word about the key.
    [404, body(), 'stored_key', 'refused', true],
    [404, body('INSTANCE_NOT_FOUND_ERR'), 'root_key', 'refused', true],
    [410, body(), 'root_key', 'refused', true],
    [410, body(), 'stored_key', 'refused', true],
    // A proxy's 404 must never shred a key, and none of its answers says what became of the request.
    [404, '<html>not found</html>', 'stored_key', 'unavailable', false],
    [404, '{"message":"no route"}', 'root_key', 'unavailable', false],
    [410, '', 'stored_key', 'unavailable', false],
    [400, '<html>bad request</html>', 'instance', 'unavailable', false],
    [408, '', 'instance', 'unavailable', false],
    [409, '{"resources":[]}', 'instance', 'unavailable', false],
    [413, '<html>', 'instance', 'unavailable', false],
    [499, '<html>client closed request</html>', 'instance', 'unavailable', false],
    [409, body('KEY_CREATE_IMPORT_ACCESS_ERR'), 'instance', 'refused', true],
    [409, body('AUTHORIZATIONS_NOT_MET'), 'stored_key', 'refused', true],
    [422, body('UNPROCESSABLE_CIPHERTEXT_ERR'), 'root_key', 'ciphertext_rejected', true],
    [422, '<html>', 'root_key', 'unavailable', false],
    [429, '', 'root_key', 'rate_limited', true],
    [429, '<html>', 'instance', 'rate_limited', true],
    [500, body('INCOMPLETE_METADATA_ERR'), 'root_key', 'unavailable', false],
    [501, body(), 'root_key', 'refused', false],
    [502, '<html>', 'root_key', 'unavailable', false],
    [503, 'no healthy upstream', 'root_key', 'unavailable', false],
    [302, '', 'root_key', 'refused', false],
  ])('%i %j about the %s is %s', (status, text, target, fault, certainlyNotDone) => {
    const error = refusalFault(refusal(status, text), target);
    expect(error).toMatchObject({ fault, details: { httpStatus: status, certainlyNotDone } });
    expect(JSON.stringify([error.message, error.details])).not.toContain(CANARY);
  });

  it('keeps the reason code and the time to wait', () => {
    const error = refusalFault(refusal(409, body('KEY_CREATE_IMPORT_ACCESS_ERR'), { 'retry-after': '7' }), 'instance');
    expect(error.details).toMatchObject({ reasonCode: 'KEY_CREATE_IMPORT_ACCESS_ERR', retryAfterMs: 7_000 });
    expect(error.message).toContain('keyCreateImportAccess');
  });

  it.each([
    [422, body('UNPROCESSABLE_CIPHERTEXT_ERR'), true],
    [400, body('INVALID_FIELD_ERR', 'ciphertext'), undefined],
    [422, body('KEY_VERSION_INVALID'), undefined],
  ])(
    'marks %i as doubtful when an error inside the key manager is told in the same words',
    (status, text, doubtful) => {
      expect(refusalFault(refusal(status, text), 'root_key').details.doubtful).toBe(doubtful);
    },
  );

  it('says what an HPCS instance without a master key lacks', () => {
    const text = 'no healthy upstream: no crypto units are in kms-initialized state';
    expect(refusalFault(refusal(503, text), 'root_key').message).toContain('not initialised');
  });
});

describe('isRootKeyStateRefusal', () => {
  it.each([
    [409, 'KEY_ACTION_INVALID_STATE_ERR', true],
    [422, 'KEY_INVALID_STATE_ERR', true],
    [409, 'REQ_TOO_EARLY_ERR', false],
    [422, 'UNPROCESSABLE_CIPHERTEXT_ERR', false],
  ])('%i %s: %s', (status, code, expected) => {
    expect(isRootKeyStateRefusal(refusal(status, body(code)))).toBe(expected);
  });
});

describe('parseRetryAfter', () => {
  it.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['2', 2_000],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['soon', undefined],
    ['-1', undefined],
  ])('%s', (value, expected) => {
    // The manual clock stands at 2026-01-01T00:00:00Z.
    expect(parseRetryAfter(value, clock)).toBe(expected);
  });
});
