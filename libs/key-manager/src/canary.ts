import { Secret } from '@lib/kernel';

import { KeyManagerError, type KeyManagerFault } from './key-manager.error';
import { type CallContext, type KeyManager, type RootKeyState } from './key-manager.port';
import { type WatchedCall } from './observed-key-manager';

/** A limit of the rate lets some calls through. */
const ENDS_EVERY_CALL: ReadonlySet<KeyManagerFault> = new Set(['credential_rejected', 'unavailable', 'timeout']);

export interface CanaryOptions {
  /** New keys go under this root key: it has to wrap as well. */
  readonly wraps: boolean;
  /** A stored key of the instance, to see whether it may be read; its key is not unwrapped. */
  readonly stored?: { readonly id: string; readonly storedAt?: Date };
}

export interface CanaryReport {
  /**
   * By call, what it met or would have met; `undefined` when it went well. Of calls that are missing nothing was learnt.
   */
  readonly outcomes: ReadonlyMap<WatchedCall, KeyManagerError | undefined>;
  readonly expiresAt?: Date;
  /** The stored key is not there, by the key manager's word. */
  readonly storedKeyGone: boolean;
}

const AAD = ['canary'] as const;
const TEST_VALUE = Buffer.from('a test value, no key: 32 bytes..');

const STATE_FAULTS: Readonly<Partial<Record<RootKeyState, KeyManagerFault>>> = {
  pre_activation: 'root_key_disabled',
  suspended: 'root_key_disabled',
  deactivated: 'root_key_expired',
  destroyed: 'root_key_deleted',
};

/**
 * Asks a key manager what a Create and a Get will ask it, with a test value: token, metadata, wrap, unwrap, and one
 * stored key. Leaves nothing behind. At most five calls, none after one that tells how the next would end.
 */
export async function canary(
  keyManager: KeyManager,
  context: CallContext,
  { wraps, stored }: CanaryOptions,
): Promise<CanaryReport> {
  const toMake: WatchedCall[] = [
    ...(wraps ? (['wrap'] as const) : []),
    'unwrap',
    ...(stored ? (['fetch'] as const) : []),
  ];
  const run = new CanaryRun(keyManager, context, toMake);
  const described = await run.ask('describe', () => keyManager.describeRootKey(context));
  if (run.isOver()) return run.report();
  const state = described?.state ?? 'active';
  const fault = STATE_FAULTS[state];
  if (fault === undefined) await run.wrapAndUnwrap();
  else run.meet(fault, wraps);
  if (stored !== undefined && !run.isOver()) await run.fetch(stored);
  return run.report(described?.expiresAt);
}

class CanaryRun {
  readonly #outcomes = new Map<WatchedCall, KeyManagerError | undefined>();
  #storedKeyGone = false;

  constructor(
    private readonly keyManager: KeyManager,
    private readonly context: CallContext,
    /** What a Create and a Get make. */
    private readonly toMake: readonly WatchedCall[],
  ) {}

  /** Without an answer, or without a token, the calls to come would end the same way. */
  isOver(): boolean {
    return [...this.#outcomes.values()].some(
      (error) => error !== undefined && (error.transient || error.fault === 'credential_rejected'),
    );
  }

  async wrapAndUnwrap(): Promise<void> {
    const plaintext = Secret.of(Buffer.from(TEST_VALUE));
    const wrapped = await this.ask('wrap', () => this.keyManager.wrap(this.context, AAD, plaintext));
    plaintext.wipe();
    if (wrapped === undefined) return;
    await this.ask('unwrap', async () => {
      const { plaintext: opened } = await this.keyManager.unwrap(this.context, AAD, wrapped.ciphertext);
      if (!opened.expose().equals(TEST_VALUE)) {
        throw new KeyManagerError('ciphertext_rejected', 'the key manager unwraps a test value to something else');
      }
      opened.wipe();
    });
  }

  /** What the state of the root key forbids need not be tried; one that has expired still unwraps. */
  meet(fault: KeyManagerFault, wraps: boolean): void {
    const error = new KeyManagerError(fault, 'the state of the root key forbids this');
    if (wraps) this.#outcomes.set('wrap', error);
    this.#outcomes.set('unwrap', fault === 'root_key_expired' ? undefined : error);
  }

  async fetch({ id, storedAt }: NonNullable<CanaryOptions['stored']>): Promise<void> {
    await this.ask('fetch', async () => {
      try {
        await this.keyManager.fetchKey(this.context, id, storedAt);
      } catch (error) {
        if (!(error instanceof KeyManagerError) || !error.fault.startsWith('stored_key')) throw error;
        this.#storedKeyGone = true;
      }
    });
  }

  async ask<T>(call: WatchedCall, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      this.#outcomes.set(call, undefined);
      return result;
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      // Our own limits let nothing through, so nothing was learnt.
      if (error.fault !== 'overloaded') this.#outcomes.set(call, error);
      return undefined;
    }
  }

  /** What stopped the test stops Creates and Gets as well, and they are said to be stopped. */
  report(expiresAt?: Date): CanaryReport {
    const end = [...this.#outcomes.values()].find((error) => error !== undefined && ENDS_EVERY_CALL.has(error.fault));
    const others = end === undefined ? [] : this.toMake.filter((call) => !this.#outcomes.has(call));
    return {
      outcomes: new Map([...this.#outcomes, ...others.map((call) => [call, end] as const)]),
      storedKeyGone: this.#storedKeyGone,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
  }
}
