import { readCrn } from '@lib/kernel';
import {
  type CallContext,
  CallGuard,
  type CallSettings,
  DEFAULT_CALL_LIMITS,
  type KeyManagerConnection,
  type KeyManagerTarget,
} from '@lib/key-manager';
import { systemTiming } from '@lib/resilience';

import { iamTokenRequest, type TokenRequest } from './iam/request-token';
import { TokenSource } from './iam/token-source';
import { describeRootKey, KeyProtectKeyManager } from './key-protect-key-manager';
import { obstaclesOf } from './obstacles';
import { type HttpExchange, UndiciExchange } from './rest/http-exchange';
import { KeyProtectClient, RefusedCall, type TryContext } from './rest/key-protect-client';
import { type InstancePolicy, type KeyVersion } from './rest/resources';

export interface KeyProtectSettings extends CallSettings {
  /** Base address of IAM, from configuration. */
  readonly iamUrl: string;
  /** Seams for tests. */
  readonly requestToken?: TokenRequest;
  readonly openExchange?: (origin: string) => HttpExchange;
}

export interface KeyProtectConnection extends KeyManagerConnection {
  /** Versions of the bound root key, newest first. @throws KeyManagerError */
  listRootKeyVersions(context: CallContext): Promise<readonly KeyVersion[]>;
  /** @throws KeyManagerError */
  listKeyRings(context: CallContext): Promise<readonly string[]>;
  /** Rules of the instance that can stand in our way; needs Manager. @throws KeyManagerError */
  listPolicies(context: CallContext): Promise<readonly InstancePolicy[]>;
}

const MAXIMUM_ROOT_KEYS = 5_000;
const openPool = (origin: string): HttpExchange => new UndiciExchange(origin);

/** To Key Protect and HPCS alike. @throws KeyManagerError `refused` when name or address is not allowed */
export function connectKeyProtect(options: KeyProtectSettings, target: KeyManagerTarget): KeyProtectConnection {
  const { instanceId, rootKeyId, keyRing } = target;
  const instanceGuid = readCrn(target.keyManager)?.serviceInstance ?? '';
  const { limits = DEFAULT_CALL_LIMITS, timing = systemTiming, observer = {}, openExchange = openPool } = options;
  options.endpoints.check(target.baseUrl, instanceGuid);
  const url = new URL(target.baseUrl);
  const tokens = new TokenSource(
    timing,
    target.openCredential,
    options.requestToken ?? iamTokenRequest(options.iamUrl),
  );
  const client = new KeyProtectClient({
    exchange: openExchange(url.origin),
    tokens,
    basePath: url.pathname === '/' ? '' : url.pathname,
    instanceGuid,
    clock: timing.clock,
    onTry: (event) => observer.tried?.(instanceId, event),
  });
  const guard = new CallGuard(timing, limits, rootKeyId);
  const ask = <T>(context: CallContext, call: (tries: TryContext) => Promise<T>): Promise<T> =>
    guard.run('always', context, (signal) => call({ correlationId: context.correlationId, signal }).catch(throwFault));
  const ring = keyRing === undefined ? {} : { keyRing };
  return {
    keyManager: new KeyProtectKeyManager({
      client,
      guard,
      timing,
      rootKeyId,
      onRotation: () => observer.rotated?.(instanceId),
      ...ring,
    }),
    listRootKeys: async (context) => {
      const page = { limit: MAXIMUM_ROOT_KEYS, offset: 0, extractable: false };
      return (await ask(context, (tries) => client.listKeys(tries, page))).map(describeRootKey);
    },
    listRootKeyVersions: (context) => ask(context, (tries) => client.keyVersions(tries, rootKeyId)),
    listKeyRings: (context) => ask(context, (tries) => client.keyRings(tries)),
    listPolicies: (context) => ask(context, (tries) => client.instancePolicies(tries)),
    listObstacles: async (context, visibility) =>
      obstaclesOf(await ask(context, (tries) => client.instancePolicies(tries)), visibility),
    countKeys: (context) => ask(context, (tries) => client.countKeys(tries)),
    close: async () => {
      guard.close();
      tokens.close();
      await client.close();
    },
  };
}

function throwFault(error: unknown): never {
  throw error instanceof RefusedCall ? error.fault : error;
}
