import { type InstanceId, Secret, toInstanceId } from '@lib/kernel';
import { type KeyManager, type KeyManagerBinding, type KeyManagerRegistry } from '@lib/key-manager';
import { DEFAULT_OPTIONS, type Invalidation, type RootKeyBindingService, TenancyError } from '@lib/tenancy';

import { TenantKeyManagers } from './tenant-key-managers';

const INSTANCE = toInstanceId('11111111-2222-4333-8444-555555555555');
const CRN = `crn:v1:bluemix:public:kms:us-south:a/${'0'.repeat(32)}:99999999-2222-4333-8444-555555555555::`;

function tenant() {
  const state = {
    revision: 1,
    moveAttempt: 0,
    credentialId: 'c1',
    fault: undefined as unknown,
    reads: 0,
    keyGeneration: 'local',
  };
  const dropped: InstanceId[] = [];
  const kept: string[][] = [];
  const built: string[] = [];
  let notify: (invalidation: Invalidation) => void = () => undefined;
  const bindings = {
    access: () => {
      state.reads += 1;
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever the case put there
      if (state.fault !== undefined) return Promise.reject(state.fault);
      const active = { instanceId: INSTANCE, id: 'b1', status: 'active', rootKeyId: 'r1' };
      const { revision, moveAttempt } = state;
      const access = {
        active: { ...active, revision, moveAttempt, keyManagerCrn: CRN, endpointUrl: 'https://x' },
        retiring: [],
      };
      const { credentialId, keyGeneration } = state;
      const options = { ...DEFAULT_OPTIONS, keyGeneration };
      const formerCredentialIds = new Map<string, string>();
      return Promise.resolve({ ...access, credentialId, formerCredentialIds, apiKey: Secret.fromText('k'), options });
    },
  } as unknown as RootKeyBindingService;
  const registry = {
    for: ({ version }: KeyManagerBinding) => {
      built.push(version);
      return {} as KeyManager;
    },
    invalidate: (instanceId: InstanceId, still: ReadonlySet<string>) =>
      still.size === 0 ? dropped.push(instanceId) : kept.push([...still]),
    close: () => Promise.resolve(),
  } as unknown as KeyManagerRegistry;
  const bus = {
    subscribe: (listener: typeof notify) => {
      notify = listener;
      return () => undefined;
    },
  };
  const keyManagers = new TenantKeyManagers(bindings, registry, bus);
  keyManagers.start();
  const changed = async (): Promise<void> => {
    notify({ kind: 'instance', instanceId: INSTANCE });
    await new Promise(setImmediate);
  };
  return { state, dropped, kept, built, keyManagers, changed };
}

describe('TenantKeyManagers', () => {
  it('leaves requests under way alone when something else of the instance changed', async () => {
    const { keyManagers, changed, dropped, built } = tenant();
    await keyManagers.for(INSTANCE);
    await changed();
    await keyManagers.for(INSTANCE);
    expect(dropped).toEqual([]);
    expect(new Set(built)).toEqual(new Set(['1/0/c1']));
  });

  it('uses a changed binding with the next request', async () => {
    const { keyManagers, changed, state, built } = tenant();
    await keyManagers.for(INSTANCE);
    state.revision = 2;
    await changed();
    await keyManagers.for(INSTANCE);
    expect(built).toEqual(['1/0/c1', '2/0/c1']);
  });

  it('tries again with another adapter', async () => {
    const { keyManagers, changed, state, built } = tenant();
    await keyManagers.for(INSTANCE);
    state.moveAttempt = 1;
    await changed();
    await keyManagers.for(INSTANCE);
    expect(built).toEqual(['1/0/c1', '1/1/c1']);
  });

  it('forgets adapters of bindings that are gone, and no others, when the credential stays', async () => {
    const { keyManagers, changed, kept, dropped } = tenant();
    await keyManagers.for(INSTANCE);
    await changed();
    expect(kept).toEqual([['b1']]);
    expect(dropped).toEqual([]);
  });

  it('makes keys as the instance says with the next request', async () => {
    const { keyManagers, changed, state, dropped } = tenant();
    expect((await keyManagers.for(INSTANCE))?.keyGeneration).toBe('local');
    state.keyGeneration = 'key_manager';
    await changed();
    expect((await keyManagers.for(INSTANCE))?.keyGeneration).toBe('key_manager');
    expect(dropped).toEqual([]);
  });

  it.each<[string, (state: ReturnType<typeof tenant>['state']) => void]>([
    ['was replaced', (state) => (state.credentialId = 'c2')],
    ['was taken away', (state) => (state.fault = new TenancyError('credential_not_set', 'none'))],
    ['cannot be read any more', (state) => (state.fault = new Error('the database is away'))],
  ])('forgets the token of an idle tenant at once when its credential %s', async (_name, change) => {
    const { keyManagers, changed, state, dropped } = tenant();
    await keyManagers.for(INSTANCE);
    change(state);
    await changed();
    expect(dropped).toEqual([INSTANCE]);
  });

  it('reads nothing about tenants it never served', async () => {
    const { changed, state } = tenant();
    await changed();
    expect(state.reads).toBe(0);
  });
});
