import { type Clock, type CorrelationId, type InstanceId, type Secret } from '@lib/kernel';
import {
  type EndpointVisibility,
  type KeyManagerAdvice,
  type KeyManagerConnection,
  KeyManagerError,
  type KeyManagerFault,
  NOT_INITIALISED,
  preflight,
  type RootKeyDescription,
} from '@lib/key-manager';
import { type ApiKeyRecord, CloudAccount, type CloudAccountOptions, type KeyManagerInstance } from '@lib/key-protect';
import { driverOf, type DriverSettings, planOf } from '@lib/platform';
import { type EndpointPolicy, parseInstanceCrn, type RootKeyBindingService, TenancyError } from '@lib/tenancy';

import { type CheckStep, fromFinding, fromObstacles, STEPS, unreadObstacles } from './check-steps';
import { moveCost } from './move-cost';
import { accountOf, type RootKeyReference } from './root-key-crn';

export interface RootKeyWish extends RootKeyReference {
  readonly visibility: EndpointVisibility;
}

export interface RootKeyCheck {
  readonly passed: boolean;
  readonly destroyPermitted: boolean;
  readonly checkedAt: Date;
  readonly steps: readonly CheckStep[];
  /** As it has to be bound: address and ring were found by asking. */
  readonly keyRingId?: string;
  readonly discoveredEndpoint?: string;
}

export interface WorkbenchOptions {
  readonly bindings: Pick<RootKeyBindingService, 'openApiKey' | 'leaving'>;
  readonly endpoints: EndpointPolicy;
  readonly account: CloudAccountOptions;
  readonly connection: DriverSettings;
  readonly clock: Clock;
}

interface Survey {
  /** No answer, or one that a host gives for instances that it does not have: it may be on another one. */
  readonly elsewhere: boolean;
  readonly initialised: boolean;
  /** Where the root key lies; undefined when it could not be described, which the check then finds out by itself. */
  readonly keyRing: string | undefined;
  readonly policies: readonly CheckStep[];
}

/** What has to be known before anything is tried. */
async function survey(
  connection: KeyManagerConnection,
  visibility: EndpointVisibility,
  { permissions }: KeyManagerAdvice,
  correlationId: CorrelationId,
): Promise<Survey> {
  const described = await connection.keyManager.describeRootKey({ correlationId }).catch(faultOf);
  if (described instanceof KeyManagerError && described.details.reasonCode === NOT_INITIALISED) {
    return { elsewhere: false, initialised: false, keyRing: undefined, policies: [] };
  }
  const policies = await connection.listObstacles?.({ correlationId }, visibility).then(
    (found) => fromObstacles(found, permissions),
    (error: unknown) => unreadObstacles(error, permissions),
  );
  const failed = described instanceof KeyManagerError;
  return {
    elsewhere: failed && ELSEWHERE.has(described.fault),
    initialised: true,
    keyRing: failed ? undefined : described.keyRingId,
    policies: policies ?? [],
  };
}

function faultOf(error: unknown): KeyManagerError {
  if (error instanceof KeyManagerError) return error;
  throw error;
}

/** An instance that is not there is told like a role that is missing. */
const ELSEWHERE: ReadonlySet<KeyManagerFault> = new Set(['permission_denied', 'unavailable', 'timeout']);

const DEFAULT_RING = 'default';

/** Where IAM says whose the API key is. */
async function isForeign(account: CloudAccount, { keyManagerCrn }: RootKeyWish): Promise<boolean> {
  const record = await account.describeApiKey().catch(() => undefined);
  return record !== undefined && record.accountId !== accountOf(keyManagerCrn);
}

/** Setting a root key up: what an API key may see, and whether it may do what the product will do with it. */
export class RootKeyWorkbench {
  constructor(private readonly options: WorkbenchOptions) {}

  /** @throws KeyManagerError */
  async describeApiKey(apiKey: Secret): Promise<ApiKeyRecord> {
    return (await CloudAccount.open(this.options.account, apiKey)).describeApiKey();
  }

  /** @throws KeyManagerError, TenancyError('credential_not_set') */
  async keyManagers(instanceId: InstanceId): Promise<readonly KeyManagerInstance[]> {
    return this.#withAccount(instanceId, (account) => account.listKeyManagers());
  }

  /** @returns undefined when the credential cannot see the key manager */
  async rootKeys(
    instanceId: InstanceId,
    keyManagerId: string,
    correlationId: CorrelationId,
  ): Promise<
    { readonly keyManager: KeyManagerInstance; readonly rootKeys: readonly RootKeyDescription[] } | undefined
  > {
    const keyManager = await this.#withAccount(instanceId, (account) => account.findKeyManager(keyManagerId));
    if (!keyManager) return undefined;
    const wish = { keyManagerCrn: keyManager.crn, rootKeyId: '', visibility: 'public' } as const;
    const [baseUrl] = this.#addresses(wish, keyManager);
    const rootKeys = await this.#connected(instanceId, wish, { baseUrl }, (connection) =>
      connection.listRootKeys({ correlationId }),
    );
    return { keyManager, rootKeys };
  }

  /**
   * Makes every call that the root key will have to serve. Leaves at most one small key behind, where the credential
   * may not delete it. @throws TenancyError for a CRN or an address that cannot be used, or without a credential
   * @param apiKey in place of the one that is stored. The caller wipes it, afterwards
   */
  async check(
    instanceId: InstanceId,
    wish: RootKeyWish,
    correlationId: CorrelationId,
    apiKey?: Secret,
  ): Promise<RootKeyCheck> {
    if (apiKey !== undefined) {
      const bindings = {
        openApiKey: () => Promise.resolve(apiKey.clone()),
        leaving: (...of: Parameters<RootKeyBindingService['leaving']>) => this.options.bindings.leaving(...of),
      };
      return new RootKeyWorkbench({ ...this.options, bindings }).check(instanceId, wish, correlationId);
    }
    const steps: CheckStep[] = [];
    const keyManager = await this.#seen(instanceId, wish, steps);
    if (steps.some(({ result }) => result === 'failed')) return this.#verdict(steps, {});
    const { advice, defaultRingOnly, ends } = driverOf(this.#kindOf(wish));
    if (ends !== undefined) steps.push(STEPS.ends(ends));
    const addresses = this.#addresses(wish, keyManager);
    const { baseUrl, initialised, keyRing, policies } = await this.#found(instanceId, wish, addresses, correlationId);
    if (!initialised) return this.#verdict([...steps, STEPS.initialised()], {});
    steps.push(...policies);
    const ring = keyRing === undefined || keyRing === DEFAULT_RING ? {} : { keyRing };
    if (ring.keyRing !== undefined && defaultRingOnly) steps.push(STEPS.ring());
    const report = await this.#connected(instanceId, wish, { baseUrl, ...ring }, ({ keyManager: manager }) =>
      preflight(manager, correlationId, advice),
    );
    steps.push(...report.findings.map((finding) => fromFinding(finding, advice.permissions)));
    steps.push(...(await this.#cost(instanceId, wish, baseUrl, correlationId)));
    return this.#verdict(steps, {
      ...(keyRing !== undefined && { keyRingId: keyRing }),
      discoveredEndpoint: baseUrl,
    });
  }

  /** Room and price, where plans are known. */
  async #cost(
    instanceId: InstanceId,
    wish: RootKeyWish,
    baseUrl: string,
    correlationId: CorrelationId,
  ): Promise<readonly CheckStep[]> {
    const { keyManagerCrn } = wish;
    const plan = planOf({ kind: this.#kindOf(wish), keyManagerCrn, endpointUrl: baseUrl });
    if (plan === undefined) return [];
    const held = await this.#connected(instanceId, wish, { baseUrl }, async (connection) =>
      connection.countKeys?.({ correlationId }).catch((error: unknown) => void faultOf(error)),
    );
    const leaving = await this.options.bindings.leaving(instanceId, wish);
    return moveCost({
      plan,
      held,
      leaving: leaving.map(({ binding, keys }) => ({
        keys,
        sameInstance: binding.keyManagerCrn === keyManagerCrn,
        plan: planOf(binding),
      })),
    });
  }

  #verdict(steps: readonly CheckStep[], found: Pick<RootKeyCheck, 'keyRingId' | 'discoveredEndpoint'>): RootKeyCheck {
    return {
      passed: steps.every(({ result }) => result !== 'failed'),
      destroyPermitted: steps.some(({ code, result }) => code === 'stored_key_delete' && result === 'passed'),
      checkedAt: this.options.clock.now(),
      steps,
      ...found,
    };
  }

  /** Signs in, then looks for the instance; not seeing it is a warning, because its CRN says where it is. */
  async #seen(instanceId: InstanceId, wish: RootKeyWish, steps: CheckStep[]): Promise<KeyManagerInstance | undefined> {
    const { serviceInstance } = parseInstanceCrn(wish.keyManagerCrn);
    this.#kindOf(wish);
    try {
      return await this.#withAccount(instanceId, async (account) => {
        steps.push(STEPS.token());
        const shown = await account.findKeyManager(serviceInstance).catch(() => undefined);
        // An instance is found by its id alone: the rest of the CRN may have been typed wrongly.
        const found = shown && accountOf(shown.crn) === accountOf(wish.keyManagerCrn) ? shown : undefined;
        steps.push(STEPS.instance(found !== undefined));
        if (found === undefined && (await isForeign(account, wish))) steps.push(STEPS.account());
        return found;
      });
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      steps.push(STEPS.token(error));
      return undefined;
    }
  }

  #kindOf({ keyManagerCrn }: Pick<RootKeyWish, 'keyManagerCrn'>): string {
    return this.options.endpoints.kindOf(keyManagerCrn);
  }

  /** The address that the resource controller names, when it is one the instance can have; otherwise all that it can have. */
  #addresses(
    { keyManagerCrn, visibility }: RootKeyWish,
    keyManager: KeyManagerInstance | undefined,
  ): readonly [string, ...string[]] {
    const named = keyManager?.endpoints[visibility];
    if (named !== undefined) {
      try {
        return [this.options.endpoints.accept(keyManagerCrn, named)];
      } catch (error) {
        if (!(error instanceof TenancyError)) throw error;
      }
    }
    return this.options.endpoints.addresses(keyManagerCrn, visibility);
  }

  /** At the first address that knows the instance; at the usual one when none does. */
  async #found(
    instanceId: InstanceId,
    wish: RootKeyWish,
    [usual, ...others]: readonly [string, ...string[]],
    correlationId: CorrelationId,
  ): Promise<Survey & { readonly baseUrl: string }> {
    const { advice } = driverOf(this.#kindOf(wish));
    const at = async (baseUrl: string) => ({
      baseUrl,
      ...(await this.#connected(instanceId, wish, { baseUrl }, (connection) =>
        survey(connection, wish.visibility, advice, correlationId),
      )),
    });
    const first = await at(usual);
    if (!first.elsewhere) return first;
    for (const address of others) {
      const found = await at(address);
      if (!found.elsewhere) return found;
    }
    return first;
  }

  async #withAccount<T>(instanceId: InstanceId, work: (account: CloudAccount) => Promise<T>): Promise<T> {
    const apiKey = await this.options.bindings.openApiKey(instanceId);
    try {
      return await work(await CloudAccount.open(this.options.account, apiKey));
    } finally {
      apiKey.wipe();
    }
  }

  async #connected<T>(
    instanceId: InstanceId,
    { keyManagerCrn, rootKeyId }: RootKeyReference,
    where: { readonly baseUrl: string; readonly keyRing?: string },
    work: (connection: KeyManagerConnection) => Promise<T>,
  ): Promise<T> {
    const driver = driverOf(this.#kindOf({ keyManagerCrn }));
    const connection = driver.connect(this.options.connection, {
      instanceId,
      keyManager: keyManagerCrn,
      rootKeyId,
      openCredential: () => this.options.bindings.openApiKey(instanceId),
      ...where,
    });
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  }
}
