import { type CryptoKeyId, type CryptoKeyResult, type CryptoKeyStatus, KEY_STATUS_BITS } from '@lib/vi-json';

import { type Center } from '../../center';
import { keyName, type KeyState, ProviderFailure } from '../../kmip/provider-keys';
import { type ProviderRow } from '../../rows';
import { toCryptoKeyId } from '../../vim/crypto-key-id';
import { invalidArgument, VimFault } from '../../vim/fault';
import { method, methodBeside, type MethodDefinition } from '../method';

const K = { privilege: 'Cryptographer.ManageKeys' } as const;

/** Keys. What goes wrong at the key server comes inside a 200 with `success` false. */
export const KEY_METHODS: readonly MethodDefinition[] = [
  method(
    'CryptoManagerKmip',
    'GenerateKey',
    {
      ...K,
      faults: ['InvalidArgument'],
      parameters: 'keyProvider?: KeyProviderId, spec?: CryptoManagerKmipCustomAttributeSpec @8.0.1',
      returns: 'CryptoKeyResult',
    },
    async ({ center, parameters: { keyProvider, spec } }) => {
      // vcsim: RuntimeFault "No default provider" for both; the type of a real one is not established [inferred].
      const provider = center.providers.find(keyProvider?.id ?? center.providers.default?.id);
      if (provider === undefined) throw invalidArgument('keyProvider');
      if (provider.managementType === 'trustAuthority') throw invalidArgument('keyProvider');
      return generated(center, provider, attributesOf(spec?.attributes ?? []));
    },
  ),
  method(
    'CryptoManagerKmip',
    'QueryCryptoKeyStatus',
    {
      ...K,
      since: '6.7.2',
      parameters: 'keyIds?: CryptoKeyId[], checkKeyBitMap: int',
      returns: 'CryptoManagerKmipCryptoKeyStatus[]?',
    },
    ({ center, parameters: { keyIds = [], checkKeyBitMap } }) =>
      Promise.all(keyIds.map((key) => keyStatus(center, key, checkKeyBitMap))),
  ),
  method(
    'CryptoManagerKmip',
    'SetKeyCustomAttributes',
    {
      ...K,
      since: '8.0.1',
      parameters: 'keyId: CryptoKeyId @8.0.1, spec: CryptoManagerKmipCustomAttributeSpec @8.0.1',
      returns: 'CryptoKeyResult',
    },
    async ({ center, parameters: { keyId, spec } }): Promise<CryptoKeyResult> => {
      const provider = center.providers.find(keyId.providerId?.id ?? center.keys.cached(keyId.keyId));
      if (provider === undefined) return failed(center, keyId, `Key provider of key ${keyId.keyId} is not known`);
      try {
        await center.keys.tag(provider, keyId.keyId, attributesOf(spec.attributes ?? []));
        return { keyId, success: true };
      } catch (error) {
        if (!(error instanceof ProviderFailure)) throw error;
        return failed(center, keyId, error.perServer.map(({ failure }) => failure.message).join('. '));
      }
    },
  ),
  method(
    'CryptoManagerKmip',
    'ListKeys',
    { ...K, parameters: 'limit?: int', returns: 'CryptoKeyId[]?' },
    ({ center, parameters: { limit = -1 } }) => {
      const keys = center.inventory.keysInUse().map(toCryptoKeyId);
      return limit < 0 ? keys : keys.slice(0, limit);
    },
  ),
  method(
    'CryptoManagerKmip',
    'RemoveKey',
    { ...K, faults: ['InvalidArgument', 'ResourceInUse'], parameters: 'key: CryptoKeyId, force: boolean' },
    ({ center, parameters: { key, force } }) => removeKey(center, key, force),
  ),
  method(
    'CryptoManagerKmip',
    'RemoveKeys',
    { ...K, parameters: 'keys?: CryptoKeyId[], force: boolean', returns: 'CryptoKeyResult[]?' },
    async ({ center, parameters: { keys = [], force } }) => {
      const results: CryptoKeyResult[] = [];
      for (const keyId of keys) results.push(await attempt(center, keyId, () => removeKey(center, keyId, force)));
      return results;
    },
  ),
  methodBeside<{ readonly key: PlainKey }>(
    'CryptoManagerKmip',
    'AddKey',
    { ...K, faults: ['AlreadyExists', 'InvalidArgument', 'InvalidState'], parameters: 'key: CryptoKeyPlain' },
    ({ center, parameters: { key } }) => addKey(center, key),
  ),
  methodBeside<{ readonly keys?: readonly PlainKey[] }>(
    'CryptoManagerKmip',
    'AddKeys',
    { ...K, faults: ['InvalidState'], parameters: 'keys?: CryptoKeyPlain[]', returns: 'CryptoKeyResult[]?' },
    async ({ center, parameters: { keys = [] } }) => {
      const results: CryptoKeyResult[] = [];
      for (const key of keys)
        results.push(await attempt(center, key.keyId, () => addKey(center, key), ['InvalidState']));
      return results;
    },
  ),
];

interface PlainKey {
  readonly keyId: CryptoKeyId;
  readonly algorithm: string;
  /** Base64. */
  readonly keyData: string;
}

async function generated(
  center: Center,
  provider: ProviderRow,
  attributes: Readonly<Record<string, string>>,
): Promise<CryptoKeyResult> {
  try {
    const keyId = await center.keys.generate(provider, attributes);
    return { keyId: toCryptoKeyId({ keyId, providerId: provider.id }), success: true };
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    return failed(center, { _typeName: 'CryptoKeyId', keyId: '' }, error.generationReason);
  }
}

function failed(center: Center, keyId: CryptoKeyId, reason: string, fault?: VimFault): CryptoKeyResult {
  const cause = fault ?? new VimFault('SystemError', reason, { reason });
  return { keyId, success: false, reason, fault: cause.toData(center.behaviour.settings.faultsInData) as never };
}

/** @param whole faults that are not of one key, but end the call */
async function attempt(
  center: Center,
  keyId: CryptoKeyId,
  work: () => Promise<void>,
  whole: readonly string[] = [],
): Promise<CryptoKeyResult> {
  try {
    await work();
    return { keyId, success: true };
  } catch (error) {
    if (!(error instanceof VimFault) || whole.includes(error.typeName)) throw error;
    return failed(center, keyId, error.message, error);
  }
}

/** Custom attributes of KMIP begin with x-; that vCenter adds it where it is missing is inferred. */
const attributesOf = (attributes: readonly { key: string; value: string }[]): Readonly<Record<string, string>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key.startsWith('x-') ? key : `x-${key}`, value]));

/** Members whose bit was not asked for are absent. */
async function keyStatus(center: Center, key: CryptoKeyId, bits: number): Promise<CryptoKeyStatus> {
  const asks = (bit: number): boolean => (bits & bit) !== 0;
  const providerId = key.providerId?.id ?? center.keys.cached(key.keyId);
  const users = center.inventory.usersOf({ keyId: key.keyId, providerId: providerId ?? '' });
  return {
    _typeName: 'CryptoManagerKmipCryptoKeyStatus',
    keyId: key,
    ...(asks(KEY_STATUS_BITS.available) && (await availability(center, key.keyId, providerId))),
    ...(asks(KEY_STATUS_BITS.virtualMachines) && unlessEmpty('encryptedVMs', users.virtualMachines)),
    ...(asks(KEY_STATUS_BITS.hosts) && unlessEmpty('affectedHosts', users.hosts)),
    // Values are not established, so that an inventory cannot rely on them for vSAN [inferred].
    ...(asks(KEY_STATUS_BITS.thirdParties) && unlessEmpty('referencedByTags', users.tags)),
  };
}

const unlessEmpty = (name: keyof CryptoKeyStatus, list: readonly unknown[]): object =>
  list.length === 0 ? {} : { [name]: list };

async function availability(center: Center, keyId: string, providerId: string | undefined): Promise<object> {
  const reason = await whyUnavailable(center, keyId, providerId);
  return reason === undefined ? { keyAvailable: true } : { keyAvailable: false, reason };
}

async function whyUnavailable(
  center: Center,
  keyId: string,
  providerId: string | undefined,
): Promise<KeyState | 'KeyStateManagedByTrustAuthority' | undefined> {
  if (providerId === undefined) return 'KeyStateMissingInCache';
  const provider = center.providers.find(providerId);
  if (provider === undefined) return 'KeyStateClusterInvalid';
  if (provider.managementType === 'trustAuthority') return 'KeyStateManagedByTrustAuthority';
  return center.keys.stateOf(provider, keyId);
}

/** vCenter forgets the key, and with force its hosts do; nothing happens at the key server. */
async function removeKey(center: Center, key: CryptoKeyId, force: boolean): Promise<void> {
  const name = { keyId: key.keyId, providerId: key.providerId?.id ?? center.keys.cached(key.keyId) ?? '' };
  const users = center.inventory.usersOf(name);
  const [user] = [...users.virtualMachines, ...users.hosts];
  const isKnown = center.store.get('key', keyName(name)) !== undefined || user !== undefined;
  if (!isKnown && !force) throw invalidArgument('key');
  if (user !== undefined && !force) {
    throw new VimFault('ResourceInUse', `The resource '${name.keyId}' is in use.`, {
      type: user.type,
      name: user.value,
    });
  }
  await center.inventory.forget(name);
  if (isKnown) await center.store.commit(['key', keyName(name), null]);
}

/** Meant for hosts without a key provider: a vCenter with one takes no keys from outside [inferred]. */
async function addKey(center: Center, { keyId, algorithm, keyData }: PlainKey): Promise<void> {
  const name = { keyId: keyId.keyId, providerId: keyId.providerId?.id ?? '' };
  if (center.store.get('key', keyName(name)) !== undefined) {
    throw new VimFault('AlreadyExists', `The key '${name.keyId}' already exists.`, { name: name.keyId });
  }
  const isKey = algorithm === 'AES-256' && Buffer.from(keyData, 'base64').length === 32;
  if (!isKey) throw invalidArgument('key');
  await Promise.reject(new VimFault('InvalidState', 'The operation is not allowed in the current state.'));
}
