import { newCorrelationId, Secret, toInstanceId } from '@lib/kernel';
import { type KeyManager } from '@lib/key-manager';
import { describeKeyManagerContract, FakeKeyProtect, type FakeRole, ManualTiming } from '@lib/testing';
import { randomUUID } from 'node:crypto';

import { KeyManagerRegistry } from './key-manager-registry';
import { type HttpExchange } from './rest/http-exchange';

const context = () => ({ correlationId: newCorrelationId() });
const AAD = ['instance', 'identifier'];

/** The fake service behind the HTTP seam: everything of the adapter but the sockets. */
function exchangeTo(service: FakeKeyProtect): HttpExchange {
  return {
    send: ({ method, path, headers, body }, signal) => {
      if (signal.aborted) throw new Error('aborted before it was sent');
      const answer = service.handle({ method, path, headers, ...(body === undefined ? {} : { body }) });
      return Promise.resolve({
        status: answer.status,
        header: (name: string) => answer.headers?.[name],
        body: Buffer.from(answer.body === undefined ? '' : JSON.stringify(answer.body)),
      });
    },
    close: () => Promise.resolve(),
  };
}

function bind(service: FakeKeyProtect, rootKeyId: string, role: FakeRole): KeyManager {
  service.grant(role, role);
  const registry = new KeyManagerRegistry({
    iamUrl: 'http://iam.invalid',
    timing: new ManualTiming(),
    requestToken: () => Promise.resolve({ accessToken: role, lifetimeMs: 3_600_000 }),
    openExchange: () => exchangeTo(service),
  });
  return registry.for({
    instanceId: toInstanceId(randomUUID()),
    version: 1,
    baseUrl: 'https://us-south.kms.cloud.ibm.com',
    keyManagerGuid: service.instanceGuid,
    rootKeyId,
    openApiKey: () => Secret.fromText('api-key'),
  });
}

describeKeyManagerContract('KeyProtectKeyManager', () => {
  const service = new FakeKeyProtect();
  const rootKey = service.addRootKey();
  const act = (change: () => void) => () => {
    change();
    return Promise.resolve();
  };
  return {
    keyManager: bind(service, rootKey.id, 'manager'),
    asWriter: bind(service, rootKey.id, 'writer'),
    asReader: bind(service, rootKey.id, 'reader'),
    withOtherRootKey: bind(service, service.addRootKey().id, 'manager'),
    withUnknownRootKey: bind(service, randomUUID(), 'manager'),
    rotateRootKey: act(() => rootKey.rotate()),
    disableRootKey: act(() => (rootKey.state = 'suspended')),
    enableRootKey: act(() => (rootKey.state = 'active')),
    expireRootKey: act(() => (rootKey.state = 'deactivated')),
    deleteRootKey: act(() => (rootKey.state = 'destroyed')),
    deleteStoredKey: (id) => act(() => service.deleteStandardKey(id))(),
    close: () => Promise.resolve(),
  };
});

describe('KeyProtectKeyManager', () => {
  it('wraps', async () => {
    const service = new FakeKeyProtect();
    const keyManager = bind(service, service.addRootKey().id, 'writer');
    await expect(keyManager.wrap(context(), AAD)).resolves.toMatchObject({});
  });
});
