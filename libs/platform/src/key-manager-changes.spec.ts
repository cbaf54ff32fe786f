import { newCorrelationId, Secret, toInstanceId } from '@lib/kernel';
import { DEFAULT_CALL_LIMITS, EndpointGuard, KeyManagerError } from '@lib/key-manager';
import { systemTiming } from '@lib/resilience';
import {
  DEFAULT_OPTIONS,
  type Invalidation,
  type RootKeyBinding,
  type RootKeyBindingService,
  TenancyError,
} from '@lib/tenancy';
import { FakeKeyProtect, type FakeRequest, type FakeResponse, keyProtectError } from '@lib/testing';

import { keyManagerRegistry } from './key-manager-drivers';
import { TenantKeyManagers } from './tenant-key-managers';

const INSTANCE = toInstanceId('11111111-2222-4333-8444-555555555555');
const AAD = ['instance', 'key'];

const context = () => ({ correlationId: newCorrelationId() });

/** How the key manager is while the change happens. */
type Weather = 'fair' | 'crowded' | 'limited' | 'dead';

const TURNED_AWAY: Readonly<Partial<Record<Weather, FakeResponse>>> = {
  limited: { status: 429, headers: { 'retry-after': '0' } },
  dead: keyProtectError(401),
};

interface IamToken {
  readonly accessToken: string;
  readonly lifetimeMs: number;
}

interface HttpAnswer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

interface Key {
  readonly ciphertext: string;
  readonly storedKeyId: string;
}

/** A tenant as a gateway knows it, with a hook at each step that a call takes. */
class Tenant {
  readonly service = new FakeKeyProtect();
  readonly rootKey = this.service.addRootKey();
  readonly otherRootKey = this.service.addRootKey();
  readonly keyManagers: TenantKeyManagers;
  readonly state = { apiKey: 'first-key' as string | undefined, revision: 1, attempt: 0, other: false, private: false };
  /** Called at each step: IAM is asked, IAM answers, a request leaves, an answer comes. */
  step: () => Promise<void> = () => Promise.resolve();
  weather: Weather = 'fair';
  /** Requests with a credential that was replaced, begun after the gateway heard of it. */
  late = 0;
  #notify: (invalidation: Invalidation) => void = () => undefined;
  /** API keys that are deleted, and how many of them the gateway knows of. */
  readonly #deleted: string[] = [];
  #known = 0;
  /** Calls that were tried in this weather. */
  readonly met = new Set<string>();

  constructor(places?: number) {
    const registry = keyManagerRegistry({
      iamUrl: 'http://iam.invalid',
      endpoints: new EndpointGuard({
        templates: ['https://us-south.kms.cloud.ibm.com', 'https://private.us-south.kms.cloud.ibm.com'],
        regions: ['us-south'],
      }),
      timing: { ...systemTiming, random: () => 0 },
      limits: { ...DEFAULT_CALL_LIMITS, ...(places !== undefined && { concurrent: places }) },
      requestToken: (apiKey, signal) => this.#token(apiKey.exposeText(), signal),
      openExchange: () => {
        let open = true;
        return {
          send: (request) => {
            if (!open) throw new Error('a request over connections that are closed');
            return this.#exchange(request);
          },
          close: () => Promise.resolve((open = false)),
        };
      },
    });
    const subscribe = (listener: (invalidation: Invalidation) => void) => {
      this.#notify = listener;
      return () => undefined;
    };
    const bindings = {
      access: () => this.#access(),
      openApiKey: async () => (await this.#access()).apiKey,
    } as unknown as RootKeyBindingService;
    this.keyManagers = new TenantKeyManagers(bindings, registry, { subscribe });
    this.keyManagers.start();
  }

  async get({ ciphertext, storedKeyId }: Key): Promise<string> {
    const bound = await this.keyManagers.for(INSTANCE);
    const keyManager = bound?.keyManagerOf(this.rootKey.id);
    if (keyManager === undefined) throw new Error('not bound');
    const stored = keyManager.fetchKey(context(), storedKeyId);
    const [payload, { plaintext }] = await Promise.all([stored, keyManager.unwrap(context(), AAD, ciphertext)]);
    // What follows, as the moving of a key does: by the same scope.
    await bound?.keyManagerOf(this.rootKey.id)?.rewrap(context(), AAD, payload.toString());
    return plaintext.expose().toString('hex');
  }

  async create(): Promise<Key> {
    const bound = await this.keyManagers.for(INSTANCE);
    if (bound === undefined) throw new Error('not bound');
    const { ciphertext } = await bound.keyManager.wrap(context(), AAD, Secret.of(Buffer.alloc(32, 7)));
    const { id } = await bound.keyManager.storeKey(context(), 'vmware_kmip_key', Buffer.from(ciphertext));
    return { ciphertext, storedKeyId: id };
  }

  deleteApiKey(): void {
    const { apiKey = '' } = this.state;
    this.#deleted.push(apiKey);
    this.service.revoke(apiKey);
  }

  /** The gateway hears of it, and somebody is served by it. */
  async tell(): Promise<void> {
    await this.notify();
    await this.keyManagers.for(INSTANCE);
  }

  async notify(): Promise<void> {
    this.#notify({ kind: 'instance', instanceId: INSTANCE });
    await new Promise(setImmediate);
    this.#known = this.#deleted.length;
  }

  async #token(apiKey: string, signal: AbortSignal): Promise<IamToken> {
    await this.step();
    if (signal.aborted) throw new KeyManagerError('timeout', 'aborted', { certainlyNotDone: true });
    if (this.#deleted.includes(apiKey)) {
      throw new KeyManagerError('credential_rejected', 'BXNIM0415E', { certainlyNotDone: true });
    }
    await this.step();
    this.service.grant(apiKey, 'manager');
    return { accessToken: apiKey, lifetimeMs: 3_600_000 };
  }

  async #exchange(request: FakeRequest): Promise<HttpAnswer> {
    const token = request.headers['authorization']?.replace('Bearer ', '') ?? '';
    if (this.#deleted.slice(0, this.#known).includes(token)) this.late += 1;
    const call = `${request.method} ${request.path}`;
    await this.step();
    const answer = (!this.met.has(call) && TURNED_AWAY[this.weather]) || this.service.handle(request);
    this.met.add(call);
    await this.step();
    const body = Buffer.from(JSON.stringify(answer.body ?? ''));
    return { status: answer.status, header: (name) => answer.headers?.[name], body };
  }

  #access(): ReturnType<RootKeyBindingService['access']> {
    const { apiKey, revision, attempt, other, private: isPrivate } = this.state;
    if (apiKey === undefined) return Promise.reject(new TenancyError('credential_not_set', 'none'));
    const visibility = isPrivate ? 'private' : 'public';
    const binding = (id: string, rootKeyId: string): RootKeyBinding => ({
      instanceId: INSTANCE,
      id,
      kind: 'key_protect',
      keyManagerCrn: this.service.crn,
      endpointUrl: `https://${isPrivate ? 'private.' : ''}us-south.kms.cloud.ibm.com`,
      endpointVisibility: visibility,
      rootKeyId,
      status: 'active',
      createdAt: new Date(0),
      updatedAt: new Date(0),
      revision,
      moveAttempt: attempt,
    });
    const first = binding('b1', this.rootKey.id);
    const bound = other
      ? {
          active: binding('b2', this.otherRootKey.id),
          retiring: [{ ...first, revision: 1, status: 'retiring' as const }],
        }
      : { active: first, retiring: [] };
    const common = {
      credentialId: apiKey,
      formerCredentialIds: new Map<string, string>(),
      apiKey: Secret.fromText(apiKey),
      options: DEFAULT_OPTIONS,
    };
    return Promise.resolve({ ...bound, ...common });
  }
}

const CHANGES: Readonly<Record<string, (tenant: Tenant) => void>> = {
  'the API key is replaced, and the former one deleted': (tenant) => {
    tenant.deleteApiKey();
    tenant.state.apiKey = 'second-key';
  },
  'the root key is bound by another address': ({ state }) => {
    state.revision += 1;
    state.private = true;
  },
  'another root key is bound': ({ state }) => {
    state.revision += 1;
    state.other = true;
  },
  'another try is asked for': ({ state }) => void (state.attempt += 1),
};

const OPERATIONS: Readonly<Record<string, (tenant: Tenant, key: Key) => Promise<unknown>>> = {
  Get: (tenant, key) => tenant.get(key),
  Create: (tenant) => tenant.create(),
};

const never = (): never => {
  throw new Error('no such case');
};

/** Runs an operation, with `change` at the step of this number. @returns how many steps there were */
async function changedAt(tenant: Tenant, at: number, run: () => Promise<unknown>, change: () => Promise<void>) {
  let steps = 0;
  tenant.step = async () => {
    steps += 1;
    if (steps === at) await change();
  };
  await run();
  tenant.step = () => Promise.resolve();
  return steps;
}

/** A tenant with a key, whose adapter is new in fair weather, and has a token in any other. */
async function tenantWithKey(weather: Weather): Promise<{ readonly tenant: Tenant; readonly key: Key }> {
  const tenant = new Tenant(weather === 'crowded' ? 1 : undefined);
  const key = await tenant.create();
  tenant.state.attempt += 1;
  await tenant.tell();
  if (weather !== 'fair') await tenant.get(key);
  tenant.met.clear();
  tenant.weather = weather;
  return { tenant, key };
}

const weathers: readonly Weather[] = ['fair', 'crowded', 'limited', 'dead'];
const cases = Object.keys(OPERATIONS).flatMap((operation) =>
  Object.keys(CHANGES).flatMap((change) =>
    weathers.flatMap((weather) => ['heard of', 'not heard of'].map((heard) => ({ operation, change, weather, heard }))),
  ),
);

describe('a change of root key or API key', () => {
  it.each(cases)('refuses no $operation at any step: $weather, $change, $heard', async (given) => {
    const operation = OPERATIONS[given.operation] ?? never();
    const change = CHANGES[given.change] ?? never();
    const times = given.weather === 'crowded' ? 3 : 1;
    let steps = 1;
    for (let at = 1; at <= steps; at += 1) {
      const { tenant, key } = await tenantWithKey(given.weather);
      const before = tenant.service.standardKeyNames().length;
      steps = await changedAt(
        tenant,
        at,
        () => Promise.all(Array.from({ length: times }, () => operation(tenant, key))),
        async () => {
          change(tenant);
          if (given.heard === 'heard of') await tenant.tell();
        },
      );
      const made = tenant.service.standardKeyNames().length - before;
      expect({ at, late: tenant.late, made }).toEqual({ at, late: 0, made: given.operation === 'Create' ? times : 0 });
      await tenant.keyManagers.stop();
    }
    expect(steps).toBeGreaterThanOrEqual(4);
  });
});

describe('an API key that is taken away', () => {
  it.each(Object.keys(OPERATIONS))('is not used by a %s after the calls that are on the wire', async (name) => {
    const operation = OPERATIONS[name] ?? never();
    const whole = await tenantWithKey('fair');
    const steps = await changedAt(
      whole.tenant,
      0,
      () => operation(whole.tenant, whole.key),
      () => never(),
    );
    const outcomes: unknown[] = [];
    for (let at = 1; at <= steps; at += 1) {
      const { tenant, key } = await tenantWithKey('fair');
      const run = async () => outcomes.push(await operation(tenant, key).catch((error: unknown) => error));
      await changedAt(tenant, at, run, async () => {
        tenant.deleteApiKey();
        tenant.state.apiKey = undefined;
        await tenant.notify();
      });
      expect({ at, late: tenant.late }).toEqual({ at, late: 0 });
      await expect(tenant.keyManagers.for(INSTANCE)).resolves.toBeUndefined();
    }
    const refusals = outcomes.filter((outcome) => outcome instanceof KeyManagerError);
    expect(refusals.length).toBeGreaterThan(2);
    // What a client is told follows from the cause: that nothing is bound, or that the key manager said no.
    for (const { fault, cause } of refusals) {
      const code = cause instanceof TenancyError ? cause.code : fault;
      expect(['root_key_not_set', 'credential_not_set', 'permission_denied']).toContain(code);
    }
  });
});

describe('an adapter that is closed', () => {
  it('lets a list that is under way go on where it was, with the adapter in its place', async () => {
    const { tenant } = await tenantWithKey('fair');
    await tenant.create();
    const bound = await tenant.keyManagers.for(INSTANCE);
    const listed: string[] = [];
    for await (const { id } of bound?.keyManager.listKeys(context(), 'vmware_kmip_') ?? []) {
      listed.push(id);
      if (listed.length > 1) continue;
      tenant.deleteApiKey();
      tenant.state.apiKey = 'second-key';
      await tenant.tell();
    }
    expect(listed).toHaveLength(2);
    expect(new Set(listed).size).toBe(2);
  });

  it('is not brought back by a request that read the binding before', async () => {
    const { tenant } = await tenantWithKey('fair');
    const before = await tenant.keyManagers.for(INSTANCE);
    tenant.state.attempt += 1;
    await tenant.tell();
    const { keyManager } = (await tenant.keyManagers.for(INSTANCE)) ?? never();
    expect(before?.keyManagerOf(tenant.rootKey.id)).toBe(keyManager);
    expect((await tenant.keyManagers.for(INSTANCE))?.keyManager).toBe(keyManager);
  });

  it('is not followed by another one once the process stops', async () => {
    const { tenant, key } = await tenantWithKey('fair');
    const bound = (await tenant.keyManagers.for(INSTANCE)) ?? never();
    await tenant.keyManagers.stop();
    const { requests } = tenant.service;
    const sent = requests.length;
    const call = bound.keyManager.fetchKey(context(), key.storedKeyId);
    await expect(call).rejects.toMatchObject({ fault: 'overloaded', details: { closed: true } });
    expect(requests).toHaveLength(sent);
  });
});
