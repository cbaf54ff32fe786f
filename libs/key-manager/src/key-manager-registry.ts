import { type InstanceId } from '@lib/kernel';

import { type KeyManagerConnection, type KeyManagerTarget } from './driver';
import { type KeyManager } from './key-manager.port';

/** One root key that an instance is, or was, bound to. */
export interface KeyManagerBinding extends KeyManagerTarget {
  readonly kind: string;
  /** An instance has several while keys move from one root key to another. */
  readonly bindingId: string;
  /** Differs after every change of the binding or its credential; the former adapter is dropped then. */
  readonly version: string;
}

interface Entry {
  readonly instanceId: InstanceId;
  readonly bindingId: string;
  readonly version: string;
  readonly connection: KeyManagerConnection;
}

const DEFAULT_CAPACITY = 2_000;

/**
 * The adapters of all tenants, each with its own token, connections, breaker and limits: tenants share nothing here.
 * Ask {@link for} at each request; an adapter held for longer stops working when its binding is replaced.
 */
export class KeyManagerRegistry {
  /** By instance and binding, in order of last use, oldest first. */
  readonly #entries = new Map<string, Entry>();

  /** @param capacity adapters kept at most; the one unused for longest goes first */
  constructor(
    private readonly connect: (binding: KeyManagerBinding) => KeyManagerConnection,
    private readonly capacity = DEFAULT_CAPACITY,
  ) {}

  /** @throws KeyManagerError `refused` when the address is not allowed */
  for(binding: KeyManagerBinding): KeyManager {
    const key = `${binding.instanceId}/${binding.bindingId}`;
    const known = this.#entries.get(key);
    const entry = known?.version === binding.version ? known : this.#replace(key, binding);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#evict();
    return entry.connection.keyManager;
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
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(({ connection }) => connection.close()));
  }

  #replace(key: string, binding: KeyManagerBinding): Entry {
    this.#drop(key);
    const { instanceId, bindingId, version } = binding;
    return { instanceId, bindingId, version, connection: this.connect(binding) };
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
