import { type AuditEvent } from '@lib/audit';
import { BoundedMap, STORED_KEY_PREFIX, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, KeyManagerError, type KeyManager } from '@lib/key-manager';

import { isFault } from '../custody/key-manager-failure';
import { restorableUntil } from '../custody/lost-key-notes';
import { type BoundRootKey } from '../custody/root-key-binding';
import { type PlacedKey } from '../ports/lost-keys.port';
import { type BackgroundDependencies, type ReconcileScope, backgroundCall, backgroundEvent } from './background';

export interface WatchReport {
  /** Stored keys that the key manager listed. */
  readonly listed: number;
  /** Keys found to be lost, and found again, in this turn. */
  readonly lost: number;
  readonly found: number;
  /** False when the key manager did not answer all that was asked, or more had to be asked than one turn may. */
  readonly complete: boolean;
}

const PAGE = 1_000;
const REMEMBERED = 10_000;
/**
 * Keys that are asked for one by one in a turn. A list that a policy narrows lacks many that are there: then most of them
 * are served by one such question, and the others come in the turns that follow.
 */
const ASKED_IN_A_TURN = 200;

interface Turn {
  /** Identifiers of stored keys. */
  readonly listed: ReadonlySet<string>;
  readonly call: CallContext;
  readonly report: { lost: number; found: number };
}

/**
 * Compares the stored keys that a key manager lists with those that the catalog names. A key is lost when it is neither
 * in the list nor there when it is asked for by itself: a list can be narrowed by a policy, and may lag.
 */
export class StoredKeyWatch {
  /** By instance and root key, the last key of a turn that was cut short: the next one goes on from there. */
  readonly #stoppedAfter = new BoundedMap<string, UniqueIdentifier>(REMEMBERED);

  constructor(private readonly dependencies: BackgroundDependencies) {}

  /** @throws when the catalog fails */
  async run(scope: ReconcileScope, { keyManager, rootKeyId }: BoundRootKey): Promise<WatchReport> {
    const call = backgroundCall(this.dependencies, scope);
    const report = { listed: 0, lost: 0, found: 0, complete: false };
    try {
      const listed = await idsIn(keyManager, call);
      report.listed = listed.size;
      report.complete = await this.#compare(scope, { keyManager, rootKeyId }, { listed, call, report });
    } catch (error) {
      // What is in the way of the key manager is told with its root key.
      if (!(error instanceof KeyManagerError)) throw error;
    }
    return report;
  }

  /** @returns false when it stopped before the end */
  async #compare(
    scope: ReconcileScope,
    { keyManager, rootKeyId }: BoundRootKey,
    { listed, call, report }: Turn,
  ): Promise<boolean> {
    const name = `${scope.instanceId}/${rootKeyId}`;
    let last = this.#stoppedAfter.get(name);
    let asked = 0;
    for await (const key of placedUnder(scope, rootKeyId, last)) {
      const isListed = listed.has(key.storedKeyId);
      if (scope.signal?.aborted === true || (!isListed && asked === ASKED_IN_A_TURN)) {
        if (last !== undefined) this.#stoppedAfter.set(name, last);
        return false;
      }
      if (!isListed) asked += 1;
      const change = isListed ? await this.#heard(scope, key, call) : await this.#ask(scope, keyManager, key, call);
      if (change !== undefined) report[change] += 1;
      last = key.uniqueIdentifier;
    }
    this.#stoppedAfter.delete(name);
    return true;
  }

  /** @throws KeyManagerError for what says nothing of this key */
  async #ask(
    scope: ReconcileScope,
    keyManager: KeyManager,
    key: PlacedKey,
    call: CallContext,
  ): Promise<'lost' | 'found' | undefined> {
    const { uniqueIdentifier, storedKeyId, storedAt } = key;
    try {
      await keyManager.fetchKey(call, storedKeyId, storedAt);
    } catch (error) {
      if (isFault(error, 'stored_key_absent')) return undefined;
      if (!isFault(error, 'stored_key_missing')) throw error;
      const until = await restorableUntil(keyManager, key, call);
      const since = this.dependencies.clock.now();
      const restorable = until === undefined ? {} : { restorableUntil: until };
      const lost = { uniqueIdentifier, storedKeyId, since, ...restorable };
      await scope.store.lost.note(lost, this.#eventOf(scope, 'vmware-solutions.kmip-key.lose', key, call));
      return key.lost ? undefined : 'lost';
    }
    return this.#heard(scope, key, call);
  }

  /** It is there. */
  async #heard(scope: ReconcileScope, key: PlacedKey, call: CallContext): Promise<'found' | undefined> {
    if (!key.lost) return undefined;
    const found = this.#eventOf(scope, 'vmware-solutions.kmip-key.regain', key, call);
    await scope.store.lost.forget(key.uniqueIdentifier, found);
    return 'found';
  }

  #eventOf(
    scope: ReconcileScope,
    action: 'vmware-solutions.kmip-key.lose' | 'vmware-solutions.kmip-key.regain',
    { uniqueIdentifier, storedKeyId }: PlacedKey,
    { correlationId }: CallContext,
  ): AuditEvent {
    const facts = { correlationId, details: { storedKeyId } };
    return backgroundEvent(this.dependencies, scope, action, uniqueIdentifier, facts);
  }
}

async function idsIn(keyManager: KeyManager, call: CallContext): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const { id } of keyManager.listKeys(call, STORED_KEY_PREFIX)) ids.add(id);
  return ids;
}

async function* placedUnder(
  { store }: ReconcileScope,
  rootKeyId: string,
  start: UniqueIdentifier | undefined,
): AsyncIterable<PlacedKey> {
  let page: readonly PlacedKey[];
  let after = start;
  do {
    page = await store.lost.placed(rootKeyId, { limit: PAGE, ...(after && { after }) });
    yield* page;
    after = page.at(-1)?.uniqueIdentifier;
  } while (page.length === PAGE);
}
