import { newCorrelationId } from '@lib/kernel';
import { keyProtect } from '@lib/key-protect';
import { FakeKeyManager } from '@lib/testing';

import { NOT_INITIALISED } from './key-manager.error';
import { preflight, type PreflightFinding } from './preflight';

const results = (findings: readonly PreflightFinding[]): string =>
  findings.map(({ permission, result }) => `${permission} ${result}`).join(', ');

const ALL_OK =
  'root_key.describe ok, root_key.wrap ok, root_key.unwrap ok, stored_key.create ok, stored_key.read ok, stored_key.delete ok';

describe('preflight', () => {
  it('finds nothing wrong with a Manager, and leaves nothing behind', async () => {
    const keyManager = new FakeKeyManager();
    const report = await preflight(keyManager, newCorrelationId(), keyProtect.advice);
    expect(results(report.findings)).toBe(ALL_OK);
    expect(report.usable).toBe(true);
    expect(keyManager.storedKeys()).toEqual([]);
  });

  it('warns a Writer that Destroy will fail, and a later check that may delete takes away what was left', async () => {
    const keyManager = new FakeKeyManager({ role: 'writer' });
    for (let run = 0; run < 3; run += 1) {
      const report = await preflight(keyManager, newCorrelationId(), keyProtect.advice);
      expect(results(report.findings)).toBe(ALL_OK.replace('delete ok', 'delete warning'));
      expect(report.usable).toBe(true);
      expect(report.findings.at(-1)?.detail).toContain('Destroy');
    }
    const manager = keyManager.withRole('manager');
    expect((await preflight(manager, newCorrelationId(), keyProtect.advice)).usable).toBe(true);
    expect(manager.storedKeys()).toEqual([]);
  });

  it('does not take the key that an earlier check left behind for the right to make keys', async () => {
    const writer = new FakeKeyManager({ role: 'writer' });
    await preflight(writer, newCorrelationId(), keyProtect.advice);
    const { usable, findings } = await preflight(writer.withRole('reader'), newCorrelationId(), keyProtect.advice);
    expect(results(findings)).toContain('stored_key.create failed');
    expect(usable).toBe(false);
  });

  it.each([
    ['KEY_CREATE_IMPORT_ACCESS_ERR', 'keyCreateImportAccess'],
    [NOT_INITIALISED, 'master key'],
  ])('knows what to do about %s', async (reasonCode, remedy) => {
    const keyManager = new FakeKeyManager();
    keyManager.failNext('storeKey', 'refused', { reasonCode });
    const { findings } = await preflight(keyManager, newCorrelationId(), keyProtect.advice);
    expect(findings.find(({ result }) => result === 'failed')).toMatchObject({
      permission: 'stored_key.create',
      fix: expect.stringContaining(remedy) as string,
      reason: reasonCode.toLowerCase(),
    });
  });

  it('tells a Reader which role is missing', async () => {
    const report = await preflight(new FakeKeyManager({ role: 'reader' }), newCorrelationId(), keyProtect.advice);
    expect(results(report.findings)).toBe(
      'root_key.describe ok, root_key.wrap ok, root_key.unwrap ok, stored_key.create failed, stored_key.read not_tried, stored_key.delete not_tried',
    );
    expect(report.usable).toBe(false);
    expect(report.findings[3]?.fix).toContain('Writer');
    expect(report.findings.slice(3).map(({ reason }) => reason)).toEqual([
      'permission_denied',
      'nothing_stored',
      'nothing_stored',
    ]);
  });

  it.each<[string, (keyManager: FakeKeyManager) => void, string, string]>([
    [
      'a disabled root key',
      (fake) => fake.disable(),
      'root_key.describe failed, root_key.wrap failed',
      'root_key_disabled',
    ],
    [
      'an expired root key',
      (fake) => fake.expire(),
      'root_key.describe failed, root_key.wrap failed',
      'root_key_expired',
    ],
    [
      'a deleted root key',
      (fake) => fake.deleteRootKey(),
      'root_key.describe failed, root_key.wrap failed',
      'root_key_deleted',
    ],
    [
      'a wrong root key',
      (fake) => (fake.rootKey.unknown = true),
      'root_key.describe failed, root_key.wrap failed',
      'root_key_missing',
    ],
    [
      'a rejected API key',
      (fake) => (fake.credentialAccepted = false),
      'root_key.describe failed, root_key.wrap failed',
      'credential_rejected',
    ],
  ])('names %s and its remedy', async (_what, change, start, fault) => {
    const keyManager = new FakeKeyManager();
    change(keyManager);
    const { usable, findings } = await preflight(keyManager, newCorrelationId(), keyProtect.advice);
    expect(results(findings)).toContain(start);
    expect(findings[1]).toMatchObject({ fault, fix: expect.any(String) as string });
    expect(usable).toBe(false);
  });
});
