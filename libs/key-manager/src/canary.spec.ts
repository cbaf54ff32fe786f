import { newCorrelationId } from '@lib/kernel';
import { FakeKeyManager } from '@lib/testing';

import { canary, type CanaryOptions, type CanaryReport } from './canary';
import { type WatchedCall } from './observed-key-manager';

const CALL = { correlationId: newCorrelationId() };

describe('canary', () => {
  let keyManager: FakeKeyManager;
  let stored: NonNullable<CanaryOptions['stored']>;
  beforeEach(async () => {
    keyManager = new FakeKeyManager({ role: 'writer' });
    stored = { id: (await keyManager.storeKey(CALL, 'vmware_kmip_1', Buffer.from('envelope'))).id };
    keyManager.calls.length = 0;
  });

  const told = ({ outcomes }: CanaryReport): Partial<Record<WatchedCall, string>> =>
    Object.fromEntries([...outcomes].map(([call, error]) => [call, error?.fault ?? 'ok']));
  const run = (options: Partial<CanaryOptions> = {}): Promise<CanaryReport> =>
    canary(keyManager, CALL, { wraps: true, stored, ...options });

  it('asks what a Create and a Get ask, and leaves nothing behind', async () => {
    expect(told(await run())).toEqual({ describe: 'ok', wrap: 'ok', unwrap: 'ok', fetch: 'ok' });
    expect(keyManager.calls.map(({ method }) => method)).toEqual(['describeRootKey', 'wrap', 'unwrap', 'fetchKey']);
    expect(keyManager.storedKeys()).toHaveLength(1);
  });

  it('tells a disabled root key from one that only wraps no more', async () => {
    keyManager.disable();
    expect(told(await run())).toMatchObject({ describe: 'ok', wrap: 'root_key_disabled', unwrap: 'root_key_disabled' });
    keyManager.expire();
    expect(told(await run())).toMatchObject({ wrap: 'root_key_expired', unwrap: 'ok' });
  });

  it('asks of a former root key only that it unwraps', async () => {
    keyManager.expire();
    expect(told(await run({ wraps: false }))).toEqual({ describe: 'ok', unwrap: 'ok', fetch: 'ok' });
    keyManager.deleteRootKey();
    expect(told(await run({ wraps: false }))).toMatchObject({ unwrap: 'root_key_deleted' });
  });

  it('meets a role that was lowered before a client does', async () => {
    keyManager.role = 'reader';
    expect(told(await run())).toEqual({ describe: 'ok', wrap: 'ok', unwrap: 'ok', fetch: 'permission_denied' });
  });

  it.each(['credential_rejected', 'unavailable', 'timeout'] as const)(
    'asks no more after %s, by which every call would end',
    async (fault) => {
      keyManager.failNext('describeRootKey', fault);
      expect(told(await run())).toEqual({ describe: fault, wrap: fault, unwrap: fault, fetch: fault });
      expect(keyManager.calls).toHaveLength(1);
      keyManager.failNext('describeRootKey', fault);
      expect(told(await canary(keyManager, CALL, { wraps: false }))).toEqual({ describe: fault, unwrap: fault });
    },
  );

  it('says of calls that come after an outage has begun that they would not be answered either', async () => {
    keyManager.failNext('wrap', 'unavailable');
    expect(told(await run())).toMatchObject({ describe: 'ok', wrap: 'unavailable', fetch: 'unavailable' });
  });

  it('asks no more after a limit of the rate, which lets others through', async () => {
    keyManager.failNext('describeRootKey', 'rate_limited');
    expect(told(await run())).toEqual({ describe: 'rate_limited' });
    expect(keyManager.calls).toHaveLength(1);
  });

  it('goes on where only the metadata may not be read', async () => {
    keyManager.failNext('describeRootKey', 'permission_denied');
    expect(told(await run())).toEqual({ describe: 'permission_denied', wrap: 'ok', unwrap: 'ok', fetch: 'ok' });
  });

  it('learns nothing from calls that our own limits did not let through', async () => {
    keyManager.failNext('wrap', 'overloaded');
    expect(told(await run())).toEqual({ describe: 'ok', fetch: 'ok' });
  });

  it('finds a stored key that is gone, which is no trouble of the key manager', async () => {
    keyManager.deleteStoredKey(stored.id);
    const report = await run();
    expect(told(report)).toMatchObject({ fetch: 'ok' });
    expect(report.storedKeyGone).toBe(true);
  });
});
