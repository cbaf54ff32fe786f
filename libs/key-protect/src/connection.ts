import { type InstanceId } from '@lib/kernel';
import {
  type CallContext,
  CallGuard,
  type CallLimits,
  DEFAULT_CALL_LIMITS,
  type KeyManager,
  type RootKeyDescription,
} from '@lib/key-manager';
import { type BreakerState, systemTiming, type Timing } from '@lib/resilience';

import { type EndpointGuard } from './endpoint-guard';
import { iamTokenRequest, type TokenRequest } from './iam/request-token';
import { type OpenApiKey, TokenSource } from './iam/token-source';
import { describeRootKey, KeyProtectKeyManager } from './key-protect-key-manager';
import { type HttpExchange, UndiciExchange } from './rest/http-exchange';
import { KeyProtectClient, RefusedCall, type TryContext, type TryEvent } from './rest/key-protect-client';
import { type InstancePolicy, type KeyVersion } from './rest/resources';

/** Where one tenant's key manager is and how to act there; Key Protect and HPCS alike. */
export interface KeyManagerTarget {
  readonly instanceId: InstanceId;
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

export interface ConnectionOptions {
  /** Base address of IAM, from configuration. */
  readonly iamUrl: string;
  readonly endpoints: EndpointGuard;
  readonly limits?: CallLimits;
  readonly timing?: Timing;
  readonly observer?: KeyManagerObserver;
  /** Seams for tests. */
  readonly requestToken?: TokenRequest;
  readonly openExchange?: (origin: string) => HttpExchange;
}

/** A connection of its own: token, sockets, breaker and limits are shared with nobody. */
export interface KeyManagerConnection {
  readonly keyManager: KeyManager;
  /** Root keys that the credential may see, for choosing one. At most 5,000. @throws KeyManagerError */
  listRootKeys(context: CallContext): Promise<readonly RootKeyDescription[]>;
  /** Versions of the bound root key, newest first. @throws KeyManagerError */
  listRootKeyVersions(context: CallContext): Promise<readonly KeyVersion[]>;
  /** @throws KeyManagerError */
  listKeyRings(context: CallContext): Promise<readonly string[]>;
  /** Rules of the instance that can stand in our way; needs Manager. @throws KeyManagerError */
  listPolicies(context: CallContext): Promise<readonly InstancePolicy[]>;
  close(): Promise<void>;
}

const MAXIMUM_ROOT_KEYS = 5_000;
const openPool = (origin: string): HttpExchange => new UndiciExchange(origin);

/** @throws KeyManagerError `refused` when the address is not allowed */
export function connectKeyManager(options: ConnectionOptions, target: KeyManagerTarget): KeyManagerConnection {
  const { instanceId, keyManagerGuid, rootKeyId, keyRing } = target;
  const { limits = DEFAULT_CALL_LIMITS, timing = systemTiming, observer = {}, openExchange = openPool } = options;
  options.endpoints.check(target.baseUrl, keyManagerGuid);
  const url = new URL(target.baseUrl);
  const tokens = new TokenSource(timing, target.openApiKey, options.requestToken ?? iamTokenRequest(options.iamUrl));
  const client = new KeyProtectClient({
    exchange: openExchange(url.origin),
    tokens,
    basePath: url.pathname === '/' ? '' : url.pathname,
    instanceGuid: keyManagerGuid,
    clock: timing.clock,
    onTry: (event) => observer.tried?.(instanceId, event),
  });
  const guard = new CallGuard(timing, limits, (state) => observer.breakerChanged?.(instanceId, state));
  const ask = <T>(context: CallContext, call: (tries: TryContext) => Promise<T>): Promise<T> =>
    guard.run('always', context.signal, (signal) =>
      call({ correlationId: context.correlationId, signal }).catch(throwFault),
    );
  const ring = keyRing === undefined ? {} : { keyRing };
  return {
    keyManager: new KeyProtectKeyManager({ client, guard, timing, rootKeyId, ...ring }),
    listRootKeys: async (context) => {
      const page = { limit: MAXIMUM_ROOT_KEYS, offset: 0, extractable: false };
      return (await ask(context, (tries) => client.listKeys(tries, page))).map(describeRootKey);
    },
    listRootKeyVersions: (context) => ask(context, (tries) => client.keyVersions(tries, rootKeyId)),
    listKeyRings: (context) => ask(context, (tries) => client.keyRings(tries)),
    listPolicies: (context) => ask(context, (tries) => client.instancePolicies(tries)),
    close: async () => {
      tokens.close();
      await client.close();
    },
  };
}

function throwFault(error: unknown): never {
  throw error instanceof RefusedCall ? error.fault : error;
}
