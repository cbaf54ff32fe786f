import { type InstanceId } from '@lib/kernel';
import { type KeyManager } from '@lib/key-manager';

import { type EndpointGuard } from './endpoint-guard';
import { iamTokenRequest, type TokenRequest } from './iam/request-token';
import { bindingReplaced, type OpenApiKey, TokenSource } from './iam/token-source';
import { KeyProtectKeyManager } from './key-protect-key-manager';
import { type BreakerState } from './resilience/circuit-breaker';
import { CallGuard, type CallLimits, DEFAULT_CALL_LIMITS } from './resilience/call-guard';
import { type HttpExchange, UndiciExchange } from './rest/http-exchange';
import { KeyProtectClient, type TryEvent } from './rest/key-protect-client';
import { systemTiming, type Timing } from './timing';

/** One tenant's connection to its key manager, Key Protect or HPCS alike. */
export interface KeyManagerBinding {
  readonly instanceId: InstanceId;
  /** Changes with every change of the binding or its credential; an older adapter is dropped then. */
  readonly version: number;
  /** Built or checked when the root key was bound; {@link EndpointGuard} looks again. */
  readonly baseUrl: string;
  /** GUID of the Key Protect or HPCS instance. */
  readonly keyManagerGuid: string;
  readonly rootKeyId: string;
  /** Ring that new stored keys go to. */
  readonly keyRing?: string;
  /** Called for each token request, about once an hour; what it gives is wiped at once. */
  readonly openApiKey: OpenApiKey;
}

export interface KeyManagerObserver {
  tried?(instanceId: InstanceId, event: TryEvent): void;
  breakerChanged?(instanceId: InstanceId, state: BreakerState): void;
}

export interface KeyManagerRegistryOptions {
  /** Base address of IAM, from configuration. */
  readonly iamUrl: string;
  readonly endpoints: EndpointGuard;
  /** Adapters kept at most; the one unused for longest goes first. Default 2,000. */
  readonly capacity?: number;
  readonly limits?: CallLimits;
  readonly timing?: Timing;
  readonly observer?: KeyManagerObserver;
  /** Seams for tests. */
  readonly requestToken?: TokenRequest;
  readonly openExchange?: (origin: string) => HttpExchange;
}

interface Entry {
  readonly version: number;
  readonly keyManager: KeyManager;
  readonly close: () => Promise<void>;
}

const openPool = (origin: string): HttpExchange => new UndiciExchange(origin);

const DEFAULT_CAPACITY = 2_000;

/**
 * The adapters of all tenants, each with its own token, connections, breaker and limits: tenants share nothing here.
 * Ask {@link for} at each request; an adapter held for longer stops working when its binding is replaced.
 */
export class KeyManagerRegistry {
  /** In order of last use, oldest first. */
  readonly #entries = new Map<InstanceId, Entry>();

  constructor(private readonly options: KeyManagerRegistryOptions) {}

  /** @throws KeyManagerError `overloaded` for a binding that was replaced meanwhile, `refused` for its address */
  for(binding: KeyManagerBinding): KeyManager {
    const known = this.#entries.get(binding.instanceId);
    // A request that read the old binding before a replacement must not bring it back.
    if (known !== undefined && known.version > binding.version) throw bindingReplaced();
    const entry = known?.version === binding.version ? known : this.#replace(binding);
    this.#entries.delete(binding.instanceId);
    this.#entries.set(binding.instanceId, entry);
    this.#evict();
    return entry.keyManager;
  }

  /** Client, token and breaker are forgotten when this returns; a try under way ends within its deadline. */
  invalidate(instanceId: InstanceId): void {
    this.#drop(instanceId);
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(({ close }) => close()));
  }

  #replace(binding: KeyManagerBinding): Entry {
    this.#drop(binding.instanceId);
    return { version: binding.version, ...this.#connect(binding) };
  }

  #connect(binding: KeyManagerBinding): Omit<Entry, 'version'> {
    const { iamUrl, limits = DEFAULT_CALL_LIMITS, timing = systemTiming, observer = {} } = this.options;
    const { instanceId, keyManagerGuid, rootKeyId, keyRing } = binding;
    const { requestToken = iamTokenRequest(iamUrl), openExchange = openPool } = this.options;
    this.options.endpoints.check(binding.baseUrl, keyManagerGuid);
    const url = new URL(binding.baseUrl);
    const tokens = new TokenSource(timing, binding.openApiKey, requestToken);
    const client = new KeyProtectClient({
      exchange: openExchange(url.origin),
      tokens,
      basePath: url.pathname === '/' ? '' : url.pathname,
      instanceGuid: keyManagerGuid,
      clock: timing.clock,
      onTry: (event) => observer.tried?.(instanceId, event),
    });
    const guard = new CallGuard(timing, limits, (state) => observer.breakerChanged?.(instanceId, state));
    const keyManager = new KeyProtectKeyManager({
      client,
      guard,
      timing,
      rootKeyId,
      ...(keyRing === undefined ? {} : { keyRing }),
    });
    const close = async (): Promise<void> => {
      tokens.close();
      await client.close();
    };
    return { keyManager, close };
  }

  #evict(): void {
    const capacity = this.options.capacity ?? DEFAULT_CAPACITY;
    for (const instanceId of this.#entries.keys()) {
      if (this.#entries.size <= capacity) return;
      this.#drop(instanceId);
    }
  }

  #drop(instanceId: InstanceId): void {
    const entry = this.#entries.get(instanceId);
    this.#entries.delete(instanceId);
    // Closing never fails for a reason anyone could act on, and nobody waits for it.
    entry?.close().catch(() => undefined);
  }
}
