import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { DOMAIN_ERRORS } from '../../../management-api/src/http/domain-errors';
import { permissionCode, wordKeys, type WordList } from './words';
import zh from './zh-CN';

const REPOSITORY = join(__dirname, '..', '..', '..', '..');
const fileOf = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');

const { components } = parse(fileOf('docs/openapi/tenant-api.yaml')) as {
  readonly components: {
    readonly schemas: Readonly<
      Record<string, { readonly properties: Readonly<Record<string, { readonly enum?: readonly string[] }>> }>
    >;
  };
};

/** Codes that the contract lists. */
const listed = (schema: string, field: string): readonly string[] =>
  components.schemas[schema]?.properties[field]?.enum ?? [];

/** Codes that the contract leaves open: those that stand in the sources of the service. */
const written = (path: string, pattern = /\bcode: '([a-z_]+)'/g): readonly string[] =>
  Array.from(fileOf(path).matchAll(pattern), ([, code]) => code ?? '');

const SHREDDING = 'libs/kmip-engine/src/administration/shred/shredding.ts';
const TENANT_API = 'apps/management-api/src/tenant-api';

function faults(): readonly string[] {
  const [, list = ''] = /KEY_MANAGER_FAULTS = \[([\s\S]*?)\] as const/.exec(
    fileOf('libs/key-manager/src/key-manager.error.ts'),
  ) ?? ['', ''];
  return Array.from(list.matchAll(/^ {2}'([a-z_]+)',$/gm), ([, code]) => code ?? '');
}

/** Of a key, and of the root key that it lies under. */
const obstacles = [...written(`${TENANT_API}/keys/key-servability.ts`), 'credential_not_set', ...faults()];
const troubles = [...written(`${TENANT_API}/root-key/root-key-health.response.ts`), ...faults()];
const calls = written('libs/key-manager/src/preflight.ts', /^ {2}\| '([a-z_.]+)'/gm);

/** Reasons of the domain that the tenant API passes on. */
const reasons = Object.keys(DOMAIN_ERRORS).filter((code) => DOMAIN_ERRORS[code]?.status !== 404 && isTold(code));

/** Of what ends by itself, the code tells all; a shred plan names what stopped it whatever it was. */
function isTold(code: string): boolean {
  return [400, 409].includes(DOMAIN_ERRORS[code]?.status ?? 0) || code.startsWith('kmip_');
}

/** Why an API key is not taken. */
const unfit = written(`${TENANT_API}/root-key/api-key-fitness.ts`, /\breason: '([a-z_]+)'/g);

/** Those whose code says the same of every cause, so that its remedy cannot fit one of them. */
const ownRemedy = Object.keys(DOMAIN_ERRORS).filter((code) => DOMAIN_ERRORS[code]?.code === 'invalid_state');

const WRITTEN_REASON = /\breason: '([a-z_]+)'/g;
const [, reasonsOfKeyManager = ''] =
  /byReason: \{([\s\S]*?)\n {2}\}/.exec(fileOf('libs/key-protect/src/advice.ts')) ?? [];
const findings = [
  ...faults(),
  ...Array.from(reasonsOfKeyManager.matchAll(/^ {4}([A-Z0-9_]+):/gm), ([, code]) => (code ?? '').toLowerCase()),
  ...written('libs/key-manager/src/preflight.ts', WRITTEN_REASON),
  ...written(`${TENANT_API}/root-key/check-steps.ts`, WRITTEN_REASON),
  ...written(`${TENANT_API}/root-key/move-cost.ts`, WRITTEN_REASON),
  ...written('libs/key-protect/src/obstacles.ts'),
];
/** Nothing is to be done, or the step before says it. */
const WITHOUT_REMEDY =
  /^(nothing_|probe_|policies_unread|keys_(uncounted|fit)|no_maximum|versions_|stored_key_missing|ciphertext)/;

const permissions = Array.from(
  [fileOf('libs/key-protect/src/advice.ts'), fileOf(`${TENANT_API}/root-key/check-steps.ts`)]
    .join('\n')
    .matchAll(/'(\w+ \((?:service|platform) role\))'/g),
  ([, permission]) => permissionCode(permission ?? ''),
);

const CODES: Readonly<Record<WordList, readonly string[]>> = {
  next_step: listed('InstanceNextStep', 'code'),
  health: troubles,
  health_remedy: troubles,
  certificate_warning: listed('InstanceCertificateWarning', 'code'),
  births: listed('InstanceCertificateBirths', 'reason'),
  obstacle: obstacles,
  obstacle_remedy: obstacles,
  check_purpose: [
    ...calls.map((call) => call.replace('.', '_')),
    ...written(`${TENANT_API}/root-key/check-steps.ts`),
    ...written(`${TENANT_API}/root-key/move-cost.ts`),
    ...written('libs/key-protect/src/obstacles.ts'),
  ],
  hindrance: faults(),
  staying: faults(),
  webhook_failure: listed('InstanceWebhookFailure', 'reason'),
  error: listed('Error', 'code'),
  reason: [...reasons, ...unfit, ...written(SHREDDING, /'(shred_key_[a-z_]+)'/g)],
  reason_remedy: [...ownRemedy, ...unfit],
  check_reason: findings,
  check_reason_remedy: findings.filter((code) => !WITHOUT_REMEDY.test(code)),
  permission: permissions,
};

const textAt = (key: string): unknown =>
  key.split('.').reduce<unknown>((found, step) => (found as Readonly<Record<string, unknown>> | undefined)?.[step], zh);

describe('what the service says in English', () => {
  it('is found where it is written', () => {
    expect(calls).toContain('root_key.describe');
    expect(faults()).toContain('overloaded');
    expect(troubles).toContain('root_key_expires');
    expect(obstacles).toContain('key_suspended');
    expect(findings).toEqual(expect.arrayContaining(['config_rule_conflict_err', 'nearly_full', 'other_key_ring']));
    expect(permissions).toContain('viewer_platform_role');
  });

  it.each(Object.entries(CODES))('is said in Chinese by its code: %s', (list, codes) => {
    expect(codes.length).toBeGreaterThan(4);
    const unsaid = codes.filter((code) =>
      wordKeys(list as WordList, code).every((key) => typeof textAt(key) !== 'string'),
    );
    expect(unsaid).toEqual([]);
  });
});
