import { type InstanceId, newCorrelationId, type UniqueIdentifier } from '@lib/kernel';
import { canary, type CanaryOptions, type KeyManager } from '@lib/key-manager';
import { storedSince, type StoredKeyWatch } from '@lib/kmip-engine';
import { planOf } from '@lib/platform';
import { type DueBinding, type KeyedBinding, type RootKeyHealthService } from '@lib/tenancy';

import { type SweepScope } from './instance-sweep';
import { inTheNameOf, outcomeOf } from './traffic-reports';

export interface RootKeyTestsOptions {
  readonly health: Pick<RootKeyHealthService, 'due' | 'noteTest' | 'noteWatch'>;
  readonly watch: Pick<StoredKeyWatch, 'run'>;
  /** In whose name it is recorded. */
  readonly component: string;
  readonly scopeFor: (instanceId: InstanceId, signal: AbortSignal) => Promise<SweepScope>;
}

/** An adapter, as long as it is in force. */
interface Reached {
  readonly keyManager: KeyManager;
  readonly version: string;
  /** New keys go under it. */
  readonly isBound: boolean;
}

/**
 * Lets a test value go through each root key of an instance that it is due for, and compares the stored keys of its key
 * manager with the catalog, so that trouble is met before a client does.
 */
export class RootKeyTests {
  constructor(private readonly options: RootKeyTestsOptions) {}

  /** @returns false: rows tell when the next one is due */
  async visit(instanceId: InstanceId, signal: AbortSignal): Promise<boolean> {
    const due = await this.options.health.due(instanceId);
    if (due.length === 0) return false;
    const scope = await this.options.scopeFor(instanceId, signal);
    for (const one of due) {
      const reached = reachedBy(scope, one);
      if (reached !== undefined) await this.#visit(scope, one, reached);
    }
    return false;
  }

  async #visit(scope: SweepScope, due: DueBinding, reached: Reached): Promise<void> {
    const isGone = due.test && (await this.#test(scope, due, reached));
    if (due.watch || isGone) await this.#watch(scope, due, reached);
  }

  /** @returns whether it met a stored key that is gone, which nobody knew */
  async #test(scope: SweepScope, due: KeyedBinding, { keyManager, version, isBound }: Reached): Promise<boolean> {
    const { instanceId, signal } = scope;
    const call = { correlationId: newCorrelationId(), givesWay: true, ...(signal && { signal }) } as const;
    const stored = due.keys === 0 ? undefined : await oneStoredKey(scope, due);
    const report = await canary(keyManager, call, { wraps: isBound, ...(stored && { stored }) });
    // A process that stops has cut its calls off itself.
    if (signal?.aborted === true) return false;
    // Our own limits let nothing through: it is due still.
    if (report.outcomes.size === 0) return false;
    const outcomes = new Map([...report.outcomes].map(([name, error]) => [name, outcomeOf(error)]));
    const { expiresAt } = report;
    const by = inTheNameOf(this.options.component);
    await this.options.health.noteTest(instanceId, due, { version, by, outcomes, ...(expiresAt && { expiresAt }) });
    // Of one that is known to be lost each test would have all stored keys listed.
    if (!report.storedKeyGone || stored === undefined) return false;
    return (await scope.store.lost.among([stored.uniqueIdentifier])).length === 0;
  }

  async #watch(scope: SweepScope, due: KeyedBinding, { keyManager, version }: Reached): Promise<void> {
    const { rootKeyId, kind, keyManagerCrn, endpointUrl } = due.binding;
    const listed = due.keys === 0 ? 0 : (await this.options.watch.run(scope, { keyManager, rootKeyId })).listed;
    if (scope.signal?.aborted === true) return;
    const by = inTheNameOf(this.options.component);
    const maximumKeys = planOf({ kind, keyManagerCrn, endpointUrl })?.maximumKeys;
    await this.options.health.noteWatch(scope.instanceId, due, { version, by, listed, maximumKeys });
  }
}

function reachedBy(scope: SweepScope, { binding }: KeyedBinding): Reached | undefined {
  const { keyManager, version } = scope;
  if (scope.bindingId === binding.id && keyManager !== undefined && version !== undefined) {
    return { keyManager, version, isBound: true };
  }
  const former = scope.former.find(({ bindingId }) => bindingId === binding.id);
  return former && { keyManager: former.keyManager, version: former.version, isBound: false };
}

type TestedKey = NonNullable<CanaryOptions['stored']> & { readonly uniqueIdentifier: UniqueIdentifier };

async function oneStoredKey({ store }: SweepScope, { binding }: KeyedBinding): Promise<TestedKey | undefined> {
  const [id] = await store.moves.keysUnder(binding.rootKeyId, { limit: 1 });
  const object = id === undefined ? undefined : await store.find(id);
  if (object?.custody === undefined) return undefined;
  const { uniqueIdentifier, custody } = object;
  return { uniqueIdentifier, id: custody.storedKeyId, storedAt: storedSince(object) };
}
