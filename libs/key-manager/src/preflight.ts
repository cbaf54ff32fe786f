import { type CorrelationId } from '@lib/kernel';

import { type DeletableKeyId, judgeDeletion } from './deletion-proof';
import { KeyManagerError, type KeyManagerFault } from './key-manager.error';
import { type CallContext, type KeyManager, type RootKeyDescription, type StoredKey } from './key-manager.port';

export type PreflightPermission =
  | 'root_key.describe'
  | 'root_key.wrap'
  | 'root_key.unwrap'
  | 'stored_key.create'
  | 'stored_key.read'
  | 'stored_key.delete';

/** What a tenant's administrator needs or can do, in the words of the key manager and of those who let us in. */
export interface KeyManagerAdvice {
  /** Where there is more to say than {@link preflight} says of any key manager. */
  readonly byFault: Readonly<Partial<Record<KeyManagerFault, string>>>;
  /** By what the key manager itself named as the reason. */
  readonly byReason: Readonly<Record<string, string>>;
  /** The least right for each; `obstacles` is for asking what stands in the way. */
  readonly permissions: Readonly<Record<PreflightPermission | 'obstacles', string>>;
}

export interface PreflightFinding {
  readonly permission: PreflightPermission;
  /** What the product needs it for. */
  readonly why: string;
  /** `warning`: works, but something will end or is missing that only some operations need. */
  readonly result: 'ok' | 'warning' | 'failed' | 'not_tried';
  readonly detail?: string;
  /** What the tenant's administrator can do about it. */
  readonly fix?: string;
  readonly fault?: KeyManagerFault;
  readonly reasonCode?: string;
  /** What `detail` says, as a code: for who says it in another language. */
  readonly reason?: string;
  /** What `detail` names, by names. */
  readonly values?: Readonly<Record<string, string>>;
}

export interface PreflightReport {
  /** No finding failed: keys can be made and served. */
  readonly usable: boolean;
  readonly findings: readonly PreflightFinding[];
}

const WHY: Readonly<Record<PreflightPermission, string>> = {
  'root_key.describe': 'to see that the root key is there, active and a root key',
  'root_key.wrap': 'to make a new key (KMIP Create)',
  'root_key.unwrap': 'to serve a key (KMIP Get)',
  'stored_key.create': 'to keep the wrapped key in your own instance',
  'stored_key.read': 'to serve a key (KMIP Get)',
  'stored_key.delete': 'to shred a key when vCenter destroys it (KMIP Destroy)',
};

const FIX: Readonly<Partial<Record<KeyManagerFault, string>>> = {
  credential_rejected: 'set a new credential here',
  permission_denied: 'give the credential the rights that this needs',
  root_key_disabled: 'enable the root key in the key manager',
  root_key_expired: 'bind a root key without an expiration date',
  root_key_deleted: 'restore the root key in the key manager, or bind another one',
  root_key_missing: 'check the id of the root key and of the instance',
  refused: 'look in the key manager for what it refuses: a policy of the instance, or one key more than it can hold',
  stored_key_absent: 'try again in a minute',
  rate_limited: 'try again in a minute',
  unavailable: 'check that the key manager is up and initialised, then try again',
  timeout: 'check that the key manager can be reached from here, then try again',
  overloaded: 'try again in a few seconds',
};

/** What helps: for the reason where the key manager names one, else for the kind of fault. */
export const remedyFor = (
  { byReason, byFault }: Pick<KeyManagerAdvice, 'byReason' | 'byFault'>,
  fault: KeyManagerFault,
  reasonCode: string | undefined,
): string | undefined => (reasonCode === undefined ? undefined : byReason[reasonCode]) ?? byFault[fault] ?? FIX[fault];

/** As {@link remedyFor} decides: the reason of the key manager where there is a word for it, else the kind of fault. */
const reasonOf = (
  { byReason }: Pick<KeyManagerAdvice, 'byReason'>,
  fault: KeyManagerFault,
  reasonCode: string | undefined,
): string => (reasonCode !== undefined && reasonCode in byReason ? reasonCode.toLowerCase() : fault);

const NOTHING_WRAPPED = { reason: 'nothing_wrapped', detail: 'nothing could be wrapped to try it with' } as const;
const NOTHING_STORED = { reason: 'nothing_stored', detail: 'nothing could be stored to try it with' } as const;

/** Not under the prefix of real keys: a catalog that is rebuilt must not meet it. */
const PROBE_NAME = 'kmip_preflight_probe';
const PROBE_PAYLOAD = Buffer.from('preflight');
const PROBE_AAD = ['preflight'] as const;
/** A check is to end soon. */
const MAXIMUM_TIDIED = 20;

/**
 * Tries what the product will do, in order, and says what is missing and why it is needed. Permissions cannot be read
 * with the tenant's API key, only tried: a key that an earlier check left behind proves nothing about this one. Leaves
 * one small key in the instance for each check that may not delete, and takes all of them away once one may.
 */
export async function preflight(
  keyManager: KeyManager,
  correlationId: CorrelationId,
  advice: KeyManagerAdvice,
): Promise<PreflightReport> {
  const run = new PreflightRun(keyManager, { correlationId }, advice);
  await run.describe();
  await run.wrapAndUnwrap();
  await run.store();
  return {
    usable: run.findings.every(({ result }) => result === 'ok' || result === 'warning'),
    findings: run.findings,
  };
}

class PreflightRun {
  readonly findings: PreflightFinding[] = [];

  constructor(
    private readonly keyManager: KeyManager,
    private readonly context: CallContext,
    private readonly advice: KeyManagerAdvice,
  ) {}

  async describe(): Promise<void> {
    const rootKey = await this.#attempt('root_key.describe', () => this.keyManager.describeRootKey(this.context));
    const doubt = rootKey === undefined ? undefined : doubtAbout(rootKey);
    if (doubt !== undefined) this.#replaceLast(doubt);
  }

  async wrapAndUnwrap(): Promise<void> {
    const wrapped = await this.#attempt('root_key.wrap', () => this.keyManager.wrap(this.context, PROBE_AAD));
    if (wrapped === undefined) {
      this.#skip('root_key.unwrap', NOTHING_WRAPPED);
      return;
    }
    const unwrapped = await this.#attempt('root_key.unwrap', () =>
      this.keyManager.unwrap(this.context, PROBE_AAD, wrapped.ciphertext),
    );
    wrapped.plaintext?.wipe();
    unwrapped?.plaintext.wipe();
  }

  async store(): Promise<void> {
    const stored = await this.#attempt('stored_key.create', () =>
      this.keyManager.storeKey(this.context, PROBE_NAME, PROBE_PAYLOAD),
    );
    if (stored === undefined) {
      this.#skip('stored_key.read', NOTHING_STORED);
      this.#skip('stored_key.delete', NOTHING_STORED);
      return;
    }
    const payload = await this.#attempt('stored_key.read', () => this.keyManager.fetchKey(this.context, stored.id));
    const proof = payload && probeAt(stored, payload);
    if (proof === undefined) {
      this.#skip('stored_key.delete', {
        reason: 'probe_not_read',
        values: { probe: stored.id },
        detail: `the probe key ${stored.id} was not read as it was written, so it is left behind`,
      });
      return;
    }
    const deleted = await this.#attempt('stored_key.delete', async () => {
      await this.keyManager.deleteKey(this.context, proof);
      return true;
    });
    if (deleted === undefined) this.#softenDeletion(stored);
    else await this.#tidyUp();
  }

  /** What earlier checks, with a credential that may not delete, had to leave behind. */
  async #tidyUp(): Promise<void> {
    try {
      const left = await this.keyManager.findKeysByName(this.context, PROBE_NAME);
      for (const stored of left.slice(0, MAXIMUM_TIDIED)) {
        const proof = probeAt(stored, await this.keyManager.fetchKey(this.context, stored.id));
        if (proof !== undefined) await this.keyManager.deleteKey(this.context, proof);
      }
    } catch (error) {
      // Nobody asked for it, and the next check tries again.
      if (!(error instanceof KeyManagerError)) throw error;
    }
  }

  /** Keys can be served and made; only Destroy needs more. */
  #softenDeletion(stored: StoredKey): void {
    const last = this.findings.at(-1);
    if (last?.fault !== 'permission_denied' && last?.fault !== 'refused') return;
    this.#replaceLast({
      result: 'warning',
      reason: 'may_not_delete',
      values: { probe: stored.id },
      detail: `keys cannot be deleted: KMIP Destroy will fail. The probe key ${stored.id} is left behind`,
    });
  }

  async #attempt<T>(permission: PreflightPermission, action: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await action();
      this.#add(permission, 'ok');
      return result;
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      const { reasonCode } = error.details;
      const fix = remedyFor(this.advice, error.fault, reasonCode);
      this.#add(permission, 'failed', {
        detail: error.message,
        fault: error.fault,
        reason: reasonOf(this.advice, error.fault, reasonCode),
        ...(fix === undefined ? {} : { fix }),
        ...(reasonCode === undefined ? {} : { reasonCode }),
      });
      return undefined;
    }
  }

  #skip(permission: PreflightPermission, why: Pick<PreflightFinding, 'detail' | 'reason' | 'values'>): void {
    this.#add(permission, 'not_tried', why);
  }

  #add(
    permission: PreflightPermission,
    result: PreflightFinding['result'],
    more: Partial<PreflightFinding> = {},
  ): void {
    this.findings.push({ permission, why: WHY[permission], result, ...more });
  }

  #replaceLast(change: Partial<PreflightFinding>): void {
    const last = this.findings.pop();
    if (last !== undefined) this.findings.push({ ...last, ...change });
  }
}

/** The name alone says nothing: the tenant may have given it to a key of their own. */
function probeAt({ id: storedKeyId }: StoredKey, payload: Buffer): DeletableKeyId | undefined {
  const judged = judgeDeletion({ why: 'test_value', storedKeyId, payload, written: PROBE_PAYLOAD });
  return judged.verdict === 'delete' ? judged.proof : undefined;
}

function doubtAbout({ state, isRootKey, expiresAt }: RootKeyDescription): Partial<PreflightFinding> | undefined {
  if (!isRootKey) {
    return {
      result: 'failed',
      reason: 'not_a_root_key',
      detail: 'the id names a standard key',
      fix: 'give the id of a root key',
    };
  }
  if (state !== 'active') {
    return {
      result: 'failed',
      reason: 'root_key_not_active',
      values: { state },
      detail: `the root key is ${state}`,
      fix: 'bind a root key that is active',
    };
  }
  if (expiresAt === undefined) return undefined;
  return {
    result: 'warning',
    reason: 'root_key_will_expire',
    values: { expires_at: expiresAt.toISOString() },
    detail: `the root key expires on ${expiresAt.toISOString()}: no new keys can be made from then on`,
    fix: 'bind a root key without an expiration date',
  };
}
