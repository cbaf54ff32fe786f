import { newCorrelationId, systemClock } from '@lib/kernel';

import { FakeKeyManager } from './fake-key-manager';
import { FakeRootKey } from './fake-root-key';
import { describeKeyManagerContract } from './key-manager.contract';

const context = () => ({ correlationId: newCorrelationId() });
const done = Promise.resolve();

describeKeyManagerContract('FakeKeyManager', () => {
  let passedMs = 0;
  const clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + passedMs) };
  const keyManager = new FakeKeyManager({ clock });
  const unknown = new FakeRootKey();
  unknown.unknown = true;
  return {
    keyManager,
    asWriter: keyManager.withRole('writer'),
    asReader: keyManager.withRole('reader'),
    withOtherRootKey: keyManager.withRootKey(new FakeRootKey()),
    withUnknownRootKey: keyManager.withRootKey(unknown),
    rotateRootKey: () => (keyManager.rotate(), done),
    disableRootKey: () => (keyManager.disable(), done),
    enableRootKey: () => (keyManager.enable(), done),
    expireRootKey: () => (keyManager.expire(), done),
    deleteRootKey: () => (keyManager.deleteRootKey(), done),
    deleteStoredKey: (id) => (keyManager.deleteStoredKey(id), done),
    purging: { asPurger: keyManager.withRole('purger'), pass: (milliseconds) => void (passedMs += milliseconds) },
    close: () => done,
  };
});

describe('FakeKeyManager as a test tool', () => {
  it('fails the next call only, before or after its effect', async () => {
    const keyManager = new FakeKeyManager();
    keyManager.failNext('storeKey', 'unavailable');
    keyManager.failNext('storeKey', 'timeout', { afterEffect: true });
    const store = () => keyManager.storeKey(context(), 'name', Buffer.from('x'));

    await expect(store()).rejects.toMatchObject({ fault: 'unavailable', details: { certainlyNotDone: true } });
    expect(keyManager.storedKeys()).toHaveLength(0);
    await expect(store()).rejects.toMatchObject({ fault: 'timeout', details: { certainlyNotDone: false } });
    expect(keyManager.storedKeys()).toHaveLength(1);
    await expect(store()).resolves.toMatchObject({ name: 'name' });
    expect(keyManager.callsOf('storeKey')).toHaveLength(3);
  });

  it('hangs until the deadline fires or the test lets go', async () => {
    const keyManager = new FakeKeyManager();
    const release = keyManager.hang('wrap');
    const controller = new AbortController();
    const cut = keyManager.wrap({ ...context(), signal: controller.signal }, []);
    const patient = keyManager.wrap(context(), []);
    controller.abort();
    await expect(cut).rejects.toMatchObject({ fault: 'timeout' });
    release();
    await expect(patient).resolves.toMatchObject({ rootKeyVersion: keyManager.rootKey.version });
  });
});
