import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { wordKeys, type WordList } from './words';
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
};

const textAt = (key: string): unknown =>
  key.split('.').reduce<unknown>((found, step) => (found as Readonly<Record<string, unknown>> | undefined)?.[step], zh);

describe('what the service says in English', () => {
  it('is found where it is written', () => {
    expect(calls).toContain('root_key.describe');
    expect(faults()).toContain('overloaded');
    expect(troubles).toContain('root_key_expires');
    expect(obstacles).toContain('key_suspended');
  });

  it.each(Object.entries(CODES))('is said in Chinese by its code: %s', (list, codes) => {
    expect(codes.length).toBeGreaterThan(4);
    const unsaid = codes.filter((code) =>
      wordKeys(list as WordList, code).every((key) => typeof textAt(key) !== 'string'),
    );
    expect(unsaid).toEqual([]);
  });
});
