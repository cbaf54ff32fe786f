import { type InstanceId } from '@lib/kernel';

import { type KeyManagerConnection, type KeyManagerTarget } from './driver';
import { followingKeyManager, type Successor } from './following-key-manager';
import { adapterClosed } from './key-manager.error';
import { type KeyManager } from './key-manager.port';

/** One root key that an instance is, or was, bound to. */
export interface KeyManagerBinding extends KeyManagerTarget {
  readonly kind: string;
  /** An instance has several while keys move from one root key to another. */
  readonly bindingId: string;
  /** Differs after every change of the binding or its credential; the former adapter is dropped then. */
  readonly version: string;
  /** When it was read, by any count that rises: of two versions the one that was read later is in force. */
  readonly asOf?: number;
  /** Who serves what this adapter cannot any more. Absent: its calls end with it. */
  readonly successor?: Successor;
}

interface Entry extends Pick<KeyManagerBinding, 'instanceId' | 'bindingId' | 'version'> {
  readonly asOf: number;
  readonly connection: KeyManagerConnection;
  readonly keyManager: KeyManager;
}

const DEFAULT_CAPACITY = 2_000;

/**
 * The adapters of all tenants, each with its own token, connections, breaker and limits: tenants share nothing here.
 * Ask {@link for} at each request; an adapter held for longer asks its binding's successor when it was replaced.
 */
export class KeyManagerRegistry {
  /** By instance and binding, in order of last use, oldest first. */
  readonly #entries = new Map<string, Entry>();
  #closed = false;

  /** @param capacity adapters kept at most; the one unused for longest goes first */
  constructor(
    private readonly connect: (binding: KeyManagerBinding) => KeyManagerConnection,
    private readonly capacity = DEFAULT_CAPACITY,
  ) {}

  /** @throws KeyManagerError `refused` when the address is not allowed */
  for(binding: KeyManagerBinding): KeyManager {
    const key = `${binding.instanceId}/${binding.bindingId}`;
    if (this.#closed) throw adapterClosed();
    const known = this.#entries.get(key);
    const entry = known !== undefined && serves(known, binding) ? known : this.#replace(key, binding);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#evict();
    return entry.keyManager;
  }

  /**
   * Clients, tokens and breakers are forgotten when this returns; a try under way ends within its deadline.
   * @param still bindings that are in force: their adapters stay
   */
  invalidate(instanceId: InstanceId, still: ReadonlySet<string> = new Set()): void {
    for (const [key, entry] of this.#entries) {
      if (entry.instanceId === instanceId && !still.has(entry.bindingId)) this.#drop(key);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(({ connection }) => connection.close()));
  }

  #replace(key: string, binding: KeyManagerBinding): Entry {
    this.#drop(key);
    const { instanceId, bindingId, version, asOf = 0, successor } = binding;
    const connection = this.connect(binding);
    const { keyManager: adapter } = connection;
    const keyManager = successor === undefined ? adapter : followingKeyManager(adapter, successor);
    return { instanceId, bindingId, version, asOf, connection, keyManager };
  }

  #evict(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.capacity) return;
      this.#drop(key);
    }
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    // Closing never fails for a reason anyone could act on, and nobody waits for it.
    entry?.connection.close().catch(() => undefined);
  }
}

/** Whoever read the binding before it changed must not bring back what was replaced. */
const serves = (entry: Entry, { version, asOf = 0 }: KeyManagerBinding): boolean =>
  entry.version === version || entry.asOf > asOf;
