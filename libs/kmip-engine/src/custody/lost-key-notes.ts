import { type AuditEvent } from '@lib/audit';
import { BoundedMap, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, KeyManagerError, keepsDeletedKeys, type KeyManager } from '@lib/key-manager';

import { startDeadline } from '../deadline';
import { type OperationContext, auditEvent } from '../operation-context';
import { type LostKey } from '../ports/lost-keys.port';
import { type ServableObject } from '../ports/managed-object';
import { type BackgroundTasks } from './background-tasks';
import { keyManagerFor } from './root-key-binding';
import { storedKeyName } from './stored-envelope';

const TIMEOUT_MS = 30_000;
/** Keys. Of one that was forgotten it is noted once more that it is lost, and the watch finds that it is there again. */
const REMEMBERED = 10_000;
/** A client that asks again and again learns the same. */
const AGAIN_MS = 600_000;

/** What Gets learn of stored keys that are gone, for the tenant to see. No Get waits for it. */
export class LostKeyNotes {
  /** When it was noted, by instance, key and stored key. */
  readonly #noted = new BoundedMap<string, number>(REMEMBERED);

  constructor(private readonly tasks: BackgroundTasks) {}

  /** The key manager has said that the stored key is gone. */
  missing(context: OperationContext, { uniqueIdentifier, custody }: ServableObject): void {
    if (custody === undefined) return;
    const { storedKeyId, rootKeyId } = custody;
    const { scope, dependencies, now: since } = context;
    const name = `${scope.instanceId}/${uniqueIdentifier}/${storedKeyId}`;
    const nowMs = dependencies.clock.monotonicMs();
    if (nowMs - (this.#noted.get(name) ?? -Infinity) < AGAIN_MS) return;
    this.#noted.set(name, nowMs);
    const started = this.tasks.start('lost-key', async () => {
      const deadline = startDeadline(TIMEOUT_MS, scope.signal);
      try {
        const call = { correlationId: context.correlationId, givesWay: true, signal: deadline.signal } as const;
        const until = await restorableUntil(keyManagerFor(scope, rootKeyId), { uniqueIdentifier, storedKeyId }, call);
        const restorable = until === undefined ? {} : { restorableUntil: until };
        const lost = { uniqueIdentifier, storedKeyId, since, ...restorable };
        await scope.store.lost.note(lost, eventOf(context, 'vmware-solutions.kmip-key.lose', lost));
      } finally {
        deadline.end();
      }
    });
    if (!started) this.#noted.delete(name);
  }

  /** It was restored: what was noted here is taken back; what others noted the watch takes back. */
  served(context: OperationContext, { uniqueIdentifier, custody }: ServableObject): void {
    const { scope } = context;
    const { storedKeyId = '' } = custody ?? {};
    const name = `${scope.instanceId}/${uniqueIdentifier}/${storedKeyId}`;
    if (this.#noted.get(name) === undefined) return;
    this.#noted.delete(name);
    const found = eventOf(context, 'vmware-solutions.kmip-key.regain', { uniqueIdentifier, storedKeyId });
    this.tasks.start('lost-key', () => scope.store.lost.forget(uniqueIdentifier, found));
  }
}

const eventOf = (
  context: OperationContext,
  action: 'vmware-solutions.kmip-key.lose' | 'vmware-solutions.kmip-key.regain',
  { uniqueIdentifier: key, storedKeyId }: Pick<LostKey, 'uniqueIdentifier' | 'storedKeyId'>,
): AuditEvent => auditEvent(context, action, { key, details: { storedKeyId } });

/** @returns undefined where the key manager keeps nothing of it, or does not tell */
export async function restorableUntil(
  keyManager: KeyManager,
  { uniqueIdentifier, storedKeyId }: { readonly uniqueIdentifier: UniqueIdentifier; readonly storedKeyId: string },
  call: CallContext,
): Promise<Date | undefined> {
  if (!keepsDeletedKeys(keyManager)) return undefined;
  try {
    const deleted = await keyManager.findDeletedKeys(call, storedKeyName(uniqueIdentifier), [storedKeyId]);
    return deleted.find(({ id }) => id === storedKeyId)?.restorableUntil;
  } catch (error) {
    // That the key is gone is certain all the same.
    if (error instanceof KeyManagerError) return undefined;
    throw error;
  }
}
