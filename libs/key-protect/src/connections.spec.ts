import { newCorrelationId, Secret, toInstanceId } from '@lib/kernel';
import { EndpointGuard, type KeyManager, type KeyManagerBinding, KeyManagerRegistry } from '@lib/key-manager';
import { FakeKeyProtect, ManualTiming } from '@lib/testing';
import { randomUUID } from 'node:crypto';

import { connectKeyProtect, type KeyProtectSettings } from './connection';

const context = () => ({ correlationId: newCorrelationId() });

function registry(capacity = 100) {
  const service = new FakeKeyProtect();
  const rootKey = service.addRootKey();
  const opened: string[] = [];
  const closed: string[] = [];
  const tokens: string[] = [];
  const rotated: string[] = [];
  const settings: KeyProtectSettings = {
    iamUrl: 'http://iam.invalid',
    endpoints: new EndpointGuard({
      templates: ['https://{region}.kms.cloud.ibm.com', 'http://127.0.0.1:7070/kms/{region}'],
      regions: ['us-south', 'eu-de', 'eu-gb', 'eu-es'],
    }),
    timing: new ManualTiming(),
    observer: { rotated: (instanceId) => rotated.push(instanceId) },
    requestToken: (apiKey) => {
      const accessToken = apiKey.exposeText();
      tokens.push(accessToken);
      service.grant(accessToken, 'manager');
      return Promise.resolve({ accessToken, lifetimeMs: 3_600_000 });
    },
    openExchange: (origin) => {
      opened.push(origin);
      return {
        send: ({ method, path, headers, body }) => {
          const answer = service.handle({ method, path, headers, ...(body === undefined ? {} : { body }) });
          return Promise.resolve({
            status: answer.status,
            header: () => undefined,
            body: Buffer.from(JSON.stringify(answer.body ?? '')),
          });
        },
        close: () => {
          closed.push(origin);
          return Promise.resolve();
        },
      };
    },
  };
  const instance = new KeyManagerRegistry((wanted) => connectKeyProtect(settings, wanted), capacity);
  const binding = (changes: Partial<KeyManagerBinding> = {}): KeyManagerBinding => ({
    instanceId: toInstanceId('11111111-2222-4333-8444-555555555555'),
    bindingId: 'b1',
    version: '1',
    baseUrl: 'https://us-south.kms.cloud.ibm.com',
    kind: 'key_protect',
    keyManager: service.crn,
    rootKeyId: rootKey.id,
    openCredential: () => Secret.fromText('first-key'),
    ...changes,
  });
  return { instance, binding, service, rootKey, opened, closed, tokens, rotated };
}

describe('KeyManagerRegistry', () => {
  it('keeps one adapter per binding, with one token', async () => {
    const { instance, binding, tokens, opened } = registry();
    expect(instance.for(binding())).toBe(instance.for(binding()));
    await instance.for(binding()).wrap(context(), []);
    await instance.for(binding()).wrap(context(), []);
    expect(tokens).toEqual(['first-key']);
    expect(opened).toHaveLength(1);
  });

  it('uses a replaced credential at once, and the old one never again', async () => {
    const { instance, binding, service, closed } = registry();
    const old = instance.for(binding());
    await old.wrap(context(), []);
    const replaced = binding({ version: '2', openCredential: () => Secret.fromText('second-key') });
    await instance.for(replaced).wrap(context(), []);
    expect(closed).toHaveLength(1);
    const before = service.requests.length;
    await expect(old.wrap(context(), [])).rejects.toMatchObject({ fault: 'overloaded' });
    expect(service.requests).toHaveLength(before);
    expect(service.requests.at(-1)?.headers['authorization']).toBe('Bearer second-key');
  });

  it('serves the former root key beside the present one while keys move', async () => {
    const { instance, binding, service, closed } = registry();
    const former = binding({ bindingId: 'b0', rootKeyId: service.addRootKey().id });
    const { ciphertext } = await instance.for(former).wrap(context(), []);
    await instance.for(binding()).wrap(context(), []);
    await expect(instance.for(former).unwrap(context(), [], ciphertext)).resolves.toBeDefined();
    expect(closed).toEqual([]);
    instance.invalidate(binding().instanceId, new Set([binding().bindingId]));
    expect(closed).toHaveLength(1);
    instance.invalidate(binding().instanceId);
    expect(closed).toHaveLength(2);
  });

  it('forgets an invalidated binding with its token', async () => {
    const { instance, binding, tokens } = registry();
    await instance.for(binding()).wrap(context(), []);
    instance.invalidate(binding().instanceId);
    await instance.for(binding()).wrap(context(), []);
    expect(tokens).toHaveLength(2);
  });

  it('keeps no more than its capacity, least recently used first', () => {
    const { instance, binding, opened, closed } = registry(2);
    const tenant = (name: string) =>
      binding({ instanceId: toInstanceId(randomUUID()), baseUrl: `https://${name}.kms.cloud.ibm.com` });
    const [first, second, third] = [tenant('eu-de'), tenant('eu-gb'), tenant('eu-es')];
    instance.for(first);
    instance.for(second);
    instance.for(first);
    instance.for(third);
    expect(closed).toEqual(['https://eu-gb.kms.cloud.ibm.com']);
    instance.for(first);
    expect(opened).toHaveLength(3);
  });

  it('keeps the path of a configured base address', async () => {
    const { instance, binding, service, opened } = registry();
    await instance
      .for(binding({ baseUrl: 'http://127.0.0.1:7070/kms/us-south' }))
      .wrap(context(), [])
      .catch(() => undefined);
    expect(opened).toEqual(['http://127.0.0.1:7070']);
    expect(service.requests[0]?.path).toMatch(/^\/kms\/us-south\/api\/v2\/keys\//);
  });

  it('sends nothing to an address that is not allowed', () => {
    const { instance, binding, opened } = registry();
    expect(() => instance.for(binding({ baseUrl: 'https://evil.example' }))).toThrow(
      expect.objectContaining({ fault: 'refused' }) as Error,
    );
    expect(opened).toEqual([]);
  });

  it.each<[string, (keyManager: KeyManager, ciphertext: string) => Promise<unknown>]>([
    ['a wrap', (keyManager) => keyManager.wrap(context(), [])],
    ['an unwrap', (keyManager, ciphertext) => keyManager.unwrap(context(), [], ciphertext)],
    ['a look at the root key', (keyManager) => keyManager.describeRootKey(context())],
  ])('tells once of a rotation that %s shows, whose instance it is', async (_what, call) => {
    const { instance, binding, rootKey, rotated } = registry();
    const keyManager = instance.for(binding());
    const { ciphertext } = await keyManager.wrap(context(), []);
    await call(keyManager, ciphertext);
    expect(rotated).toEqual([]);
    rootKey.rotate();
    for (let times = 0; times < 3; times += 1) await call(keyManager, ciphertext);
    expect(rotated).toEqual([binding().instanceId]);
  });

  it('closes everything', async () => {
    const { instance, binding, closed } = registry();
    instance.for(binding());
    await instance.close();
    expect(closed).toHaveLength(1);
  });
});
