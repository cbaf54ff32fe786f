import { type CryptoKeyId } from '@lib/vi-json';

import { type Center } from '../center';
import { type KeyReference } from '../kmip/provider-keys';
import { type HostRow } from '../rows';
import { invalidArgument, notFound, VimFault } from '../vim/fault';
import { type Call, method, methodBeside, type MethodDefinition } from './method';

const HOST = { at: 'object', privilege: 'Cryptographer.RegisterHost' } as const;

/** Crypto state and host keys. */
export const HOST_METHODS: readonly MethodDefinition[] = [
  method(
    'HostSystem',
    'ConfigureCryptoKey',
    {
      ...HOST,
      parameters: 'keyId?: CryptoKeyId',
      faults: ['EncryptionKeyRequired', 'HostNotConnected', 'InvalidArgument', 'SystemError'],
      since: '6.5',
    },
    async (call) => {
      const host = hostOf(call);
      if (host.connection !== 'connected') {
        throw new VimFault('HostNotConnected', 'Unable to communicate with the remote host, since it is disconnected.');
      }
      const key = await keyFor(call.center, host, call.parameters.keyId);
      await call.center.hosts.configure(host, key);
      // Machines of the host get their keys afterwards; whoever asks meanwhile sees them locked.
      call.center.hosts.later(call.center.hosts.pushHomeKeys(host));
    },
  ),
  methodBeside('HostSystem', 'PrepareCrypto', { ...HOST, faults: ['InvalidState'] }, async (call: Call<unknown>) => {
    const host = hostOf(call);
    if (host.cryptoState === 'safe') throw new VimFault('InvalidState', 'The host is crypto safe already.');
    await call.center.inventory.put(['host', host.id, { ...host, cryptoState: 'prepared' }]);
  }),
  methodBeside<{ readonly keys?: readonly CryptoKeyId[] }>(
    'CryptoManagerHostKMS',
    'GetCryptoKeyStatus',
    {
      at: 'object',
      privilege: 'System.Read',
      since: '8.0.1',
      parameters: 'keys?: CryptoKeyId[]',
      returns: 'CryptoManagerHostKeyStatus[]?',
    },
    ({ center, object, parameters: { keys = [] } }) =>
      keys.map((keyId) => {
        const name = { keyId: keyId.keyId, providerId: keyId.providerId?.id ?? '' };
        const present = center.hostKeys.has(object.value.replace(/^crypto-/, ''), name);
        return { keyId, present, managementType: present ? 'external' : 'unknown', accessGranted: present };
      }),
  ),
  methodBeside<{ readonly cryptoMode: string; readonly policy?: PolicyInput }>(
    'ClusterComputeResource',
    'SetCryptoMode',
    {
      ...HOST,
      since: '7.0',
      faults: ['InvalidArgument'],
      parameters: 'cryptoMode: string @7.0, policy?: ClusterConfigInfoExCryptoPolicy @8.0.3',
    },
    async ({ center, object, parameters: { cryptoMode, policy } }) => {
      const cluster = center.store.get('cluster', object.value);
      if (cluster === undefined) throw notFound(object);
      if (cryptoMode !== 'onDemand' && cryptoMode !== 'forceEnable') throw invalidArgument('cryptoMode');
      const { keyId, providerId } = policy ?? {};
      if (keyId !== undefined && providerId !== undefined) throw invalidArgument('policy');
      await center.inventory.put([
        'cluster',
        cluster.id,
        {
          ...cluster,
          cryptoMode,
          ...(policy && {
            policy: {
              ...(keyId !== undefined && { keyId: keyId.keyId }),
              ...(providerId !== undefined && { providerId: providerId.id }),
            },
          }),
        },
      ]);
    },
  ),
];

interface PolicyInput {
  readonly keyId?: CryptoKeyId;
  readonly providerId?: { readonly id: string };
}

function hostOf({ center, object }: Call<unknown>): HostRow {
  const host = center.inventory.host(object.value);
  if (host === undefined) throw notFound(object);
  return host;
}

/** Without a key id: the key of the host or of its cluster, else a new one of the default provider. */
async function keyFor(center: Center, host: HostRow, wish: CryptoKeyId | undefined): Promise<KeyReference> {
  if (wish === undefined) {
    const ofCluster = center.inventory.hosts().find((one) => one.cluster === host.cluster && one.hostKey !== undefined);
    const known = host.hostKey ?? ofCluster?.hostKey;
    if (known !== undefined) return known;
  }
  const provider =
    wish?.providerId === undefined
      ? center.hosts.defaultProvider(host)
      : center.providers.get(wish.providerId.id, 'keyId.providerId');
  if (provider === undefined) throw invalidArgument('keyId');
  if (wish === undefined || wish.keyId === '') return await center.hosts.newKey(provider);
  return { keyId: wish.keyId, providerId: provider.id };
}
