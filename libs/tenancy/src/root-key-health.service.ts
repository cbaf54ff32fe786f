import { type AuditAction, type AuditEvent } from '@lib/audit';
import { type Clock, type InstanceId } from '@lib/kernel';

import { type ActionContext, successEvent } from './action-context';
import { lockedInstance } from './guards';
import { type MoveStatus, moveStatusOf } from './move-status';
import { omit } from './omit';
import { type TenantScope, type UnitOfWork } from './ports';
import { adapterVersion, type Credential, type RootKeyBinding } from './root-key-binding';
import {
  afterCalls,
  afterTraffic,
  areSameFindings,
  askedAt,
  type CallOutcomes,
  dueAfterTraffic,
  dueWarning,
  endingAt,
  fillingOf,
  isDoubtful,
  mayBeOver,
  nextTestAt,
  nextWatchAt,
  ofTheRootKey,
  type RootKeyHealth,
  showsService,
} from './root-key-health';

/** A root key, and how many keys lie under it. */
export interface KeyedBinding {
  readonly binding: RootKeyBinding;
  readonly keys: number;
}

/** What it is time for. */
export interface DueBinding extends KeyedBinding {
  readonly test: boolean;
  readonly watch: boolean;
}

/** A root key, how many keys lie under it, counted where it has trouble, and how those go that are to leave it. */
export interface WatchedRootKey {
  readonly binding: RootKeyBinding;
  readonly keys?: number;
  readonly move?: MoveStatus;
  /** With which it is reached. */
  readonly credentialId?: string;
}

/** The root keys of an instance, and the credential that is in force. */
export interface WatchedRootKeys {
  /** The one that is bound first, then former ones. */
  readonly rootKeys: readonly WatchedRootKey[];
  readonly credentialId?: string;
}

/** What calls of clients came to. */
export interface TrafficNote {
  readonly version: string;
  readonly outcomes: CallOutcomes;
  /** Who found it. */
  readonly by: ActionContext;
}

/** What a list of stored keys came to. */
export interface WatchNote extends Pick<TrafficNote, 'version' | 'by'> {
  /** Stored keys that the key manager listed; 0 where it was not asked, or did not answer. */
  readonly listed: number;
  /** That the instance holds at most, where that is published. */
  readonly maximumKeys?: number | undefined;
}

/** What a test came to. */
export interface TestNote extends TrafficNote {
  readonly expiresAt?: Date;
}

/** How the root keys of an instance do, as calls and tests find them. No change of a binding: no revision of it. */
export class RootKeyHealthService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    /** From 0 to 1. */
    private readonly random: () => number = Math.random,
  ) {}

  /** Bindings that are to be tested, or whose keys are to be compared with those of the key manager. */
  async due(instanceId: InstanceId): Promise<readonly DueBinding[]> {
    const now = this.clock.now();
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      const due = (await scope.bindings.list()).filter((binding) => isDue(binding, now) || isWatchDue(binding, now));
      return (await counted(scope, due)).map((one) => ({
        ...one,
        test: isDue(one.binding, now),
        watch: isWatchDue(one.binding, now),
      }));
    });
  }

  async of(instanceId: InstanceId): Promise<WatchedRootKeys> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      const credential = await scope.credentials.get();
      const former = await scope.credentials.former();
      const rootKeys: WatchedRootKey[] = [];
      for (const binding of await scope.bindings.list()) {
        const isTroubled = (binding.health?.findings.length ?? 0) > 0;
        const move = await moveStatusOf(scope, binding);
        const keys = isTroubled ? { keys: await scope.keys.countUnder(binding.rootKeyId) } : {};
        const credentialId = former.find(({ bindingId }) => bindingId === binding.id)?.id ?? credential?.id;
        rootKeys.push({ binding, ...keys, ...(move && { move }), ...(credentialId !== undefined && { credentialId }) });
      }
      return { rootKeys, ...(credential === undefined ? {} : { credentialId: credential.id }) };
    });
  }

  /** Doubtful ends are no finding; a test is due at once. */
  async noteTraffic(instanceId: InstanceId, bindingId: string, note: TrafficNote): Promise<void> {
    const { version, outcomes } = note;
    const certain = new Map([...outcomes].filter(([, outcome]) => !isDoubtful(outcome)));
    const isDoubted = certain.size < outcomes.size;
    const isServed = showsService(certain);
    await this.#note(instanceId, bindingId, note, (binding, now) => {
      const after = afterTraffic(binding.health, version, certain, now);
      const health = isServed ? { ...after, servedAt: now } : after;
      const isDueNow = isDoubted || (isServed && mayBeOver(health));
      const lookDueAt = dueNext(isDueNow, health, binding.lookDueAt, now);
      // A check that failed is overruled by it.
      const isNews = askedAt(after) === undefined || binding.statusDetail !== undefined;
      const isFirst = isNews && isServed;
      const isSame = areSameFindings(binding.health, health) && lookDueAt?.getTime() === binding.lookDueAt?.getTime();
      return isSame && !isFirst ? undefined : { ...binding, health, ...(lookDueAt && { lookDueAt }) };
    });
  }

  async noteTest(instanceId: InstanceId, { binding, keys }: KeyedBinding, test: TestNote): Promise<void> {
    const { version, outcomes, expiresAt } = test;
    await this.#note(instanceId, binding.id, test, (found, now) => {
      const known = afterCalls(found.health, version, outcomes, now);
      // Who was not answered knows what was said before.
      const after = outcomes.get('describe') === 'ok' ? endingAt(known, expiresAt) : known;
      const failed = [...outcomes.values()].some((outcome) => outcome !== 'ok');
      const health: RootKeyHealth = {
        ...after,
        testedAt: now,
        failures: failed || after.findings.length > 0 ? after.failures + 1 : 0,
      };
      const lookDueAt = nextTestAt(health, { now, random: this.random(), holdsKeys: keys > 0 });
      return { ...found, health, lookDueAt };
    });
  }

  async noteWatch(instanceId: InstanceId, { binding, keys }: KeyedBinding, note: WatchNote): Promise<void> {
    const { version, listed } = note;
    await this.#note(instanceId, binding.id, note, (found, now) => ({
      ...found,
      ...(listed > 0 && {
        health: { ...(found.health ?? afterCalls(undefined, version, new Map(), now)), storedKeys: listed },
      }),
      watchDueAt: nextWatchAt({ keys, listed, now, random: this.random() }),
    }));
  }

  /** What an administrator had tried, with all calls: whatever was met before is not so any more. */
  async noteWell(instanceId: InstanceId, bindingId: string, by: ActionContext): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      await lockedInstance(scope);
      const found = await bindingOf(scope, bindingId);
      if (found === undefined) return;
      const credential = await credentialOf(scope, bindingId);
      const now = this.clock.now();
      const seen = { ...ofTheRootKey(found.health), findings: [], failures: 0, testedAt: now };
      const health = credential && { health: { ...seen, version: adapterVersion(found, credential.id) } };
      // A test is due all the same: it finds when the root key expires.
      const next = { ...omit(found, 'health', 'lookDueAt'), ...health };
      await scope.bindings.update(next);
      const event = healthNews(found.health, next);
      if (event !== undefined) scope.record(successEvent(by, this.clock, instanceId, event.action, event.facts));
    });
  }

  async #note(
    instanceId: InstanceId,
    bindingId: string,
    { version, by, maximumKeys }: Pick<WatchNote, 'version' | 'by' | 'maximumKeys'>,
    change: (binding: RootKeyBinding, now: Date) => RootKeyBinding | undefined,
  ): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      const now = this.clock.now();
      const changed = async (): Promise<RootKeyBinding | undefined> => {
        const found = await bindingOf(scope, bindingId);
        const credential = await credentialOf(scope, bindingId);
        if (found === undefined || credential === undefined) return undefined;
        // An adapter of before says nothing of the one that is in force.
        return adapterVersion(found, credential.id) === version ? change(found, now) : undefined;
      };
      // The common case writes nothing, so it holds nothing.
      if ((await changed()) === undefined) return;
      await lockedInstance(scope);
      const next = await changed();
      if (next === undefined) return;
      const before = await bindingOf(scope, bindingId);
      const days = next.status === 'retiring' ? undefined : dueWarning(before?.health, next.health, now);
      const health = next.health && { ...next.health, ...(days !== undefined && { warnedDays: days }) };
      await scope.bindings.update({ ...next, ...(health && { health }) });
      for (const event of [...newsOf(before?.health, next, days), ...fillingNews(before?.health, next, maximumKeys)]) {
        scope.record(successEvent(by, this.clock, instanceId, event.action, event.facts));
      }
    });
  }
}

/** With which a root key is reached. */
async function credentialOf({ credentials }: TenantScope, bindingId: string): Promise<Credential | undefined> {
  const former = (await credentials.former()).find((one) => one.bindingId === bindingId);
  return former ?? (await credentials.get());
}

async function counted({ keys }: TenantScope, bindings: readonly RootKeyBinding[]): Promise<readonly KeyedBinding[]> {
  const found: KeyedBinding[] = [];
  for (const binding of bindings) found.push({ binding, keys: await keys.countUnder(binding.rootKeyId) });
  return found;
}

type News = Readonly<{ action: AuditAction; facts: Pick<AuditEvent, 'target' | 'details'> }>;

/** What the tenant hears of: that calls meet something else than before, and that the end of the root key comes near. */
function newsOf(before: RootKeyHealth | undefined, binding: RootKeyBinding, days: number | undefined): News[] {
  const { id, rootKeyId } = binding;
  const other = healthNews(before, binding);
  const expiring = { target: { kind: 'root-key', id }, details: { rootKeyId, days: days ?? 0 } } as const;
  return [...(other ? [other] : []), ...(days === undefined ? [] : [{ action: EXPIRE, facts: expiring }])];
}

function healthNews(before: RootKeyHealth | undefined, { id, rootKeyId, health }: RootKeyBinding): News | undefined {
  const isTroubled = (health?.findings.length ?? 0) > 0;
  const wasTroubled = (before?.findings.length ?? 0) > 0;
  if (health === undefined || !(isTroubled || wasTroubled) || areSameFindings(before, health)) return undefined;
  return { action: HEALTH, facts: { target: { kind: 'root-key', id }, details: { rootKeyId, ...told(health) } } };
}

/** Each step once while it fills; only of the root key that new keys go to. */
function fillingNews(
  before: RootKeyHealth | undefined,
  { id, status, rootKeyId, keyManagerCrn, health }: RootKeyBinding,
  maximumKeys: number | undefined,
): News[] {
  const [was, percent] = [before, health].map((known) => fillingOf(known?.storedKeys, maximumKeys));
  if (status !== 'active' || maximumKeys === undefined || percent === undefined || percent <= (was ?? 0)) return [];
  const details = { rootKeyId, keyManagerCrn, percent, storedKeys: health?.storedKeys ?? 0, maximumKeys };
  return [{ action: FILL, facts: { target: { kind: 'root-key', id }, details } }];
}

const FILL: AuditAction = 'vmware-solutions.key-manager.fill';
const HEALTH: AuditAction = 'vmware-solutions.root-key.health';
const EXPIRE: AuditAction = 'vmware-solutions.root-key.expire';

const told = ({ findings }: RootKeyHealth): Record<string, string> => {
  if (findings.length === 0) return { state: 'well' };
  const met = findings.map(({ call, fault, reasonCode }) => [call, fault, reasonCode].filter(Boolean).join(' '));
  return { state: 'attention', met: met.join(', ') };
};

const dueNext = (isDueNow: boolean, health: RootKeyHealth, due: Date | undefined, now: Date): Date | undefined =>
  isDueNow ? earliest(due, now) : dueAfterTraffic(health, due, now);

/** Of what is due already, whenever that was, nothing changes. */
const earliest = (due: Date | undefined, now: Date): Date | undefined => (due === undefined || due <= now ? due : now);

const isDue = ({ lookDueAt }: RootKeyBinding, now: Date): boolean => lookDueAt === undefined || lookDueAt <= now;

const isWatchDue = ({ watchDueAt }: RootKeyBinding, now: Date): boolean =>
  watchDueAt === undefined || watchDueAt <= now;

const bindingOf = async ({ bindings }: TenantScope, bindingId: string): Promise<RootKeyBinding | undefined> =>
  (await bindings.list()).find(({ id }) => id === bindingId);
