import { without } from '@lib/stand-in';
import { type KmipServerInfo } from '@lib/vi-json';

import { type Center } from '../../center';
import { certificateInfo } from '../../kmip/certificate-info';
import { type ServerRow } from '../../rows';
import { invalidArgument, VimFault } from '../../vim/fault';
import { method, type MethodDefinition } from '../method';
import { clusterInfo } from './cluster-info';

const S = { privilege: 'Cryptographer.ManageKeyServers' } as const;
const INVALID = { faults: ['InvalidArgument'] } as const;

/** Servers of key providers. A provider comes into being with its first server. */
export const SERVER_METHODS: readonly MethodDefinition[] = [
  method(
    'CryptoManagerKmip',
    'RegisterKmipServer',
    { ...S, ...INVALID, parameters: 'server: KmipServerSpec' },
    register,
  ),
  method('CryptoManagerKmip', 'UpdateKmipServer', { ...S, ...INVALID, parameters: 'server: KmipServerSpec' }, update),
  method(
    'CryptoManagerKmip',
    'RemoveKmipServer',
    { ...S, ...INVALID, parameters: 'clusterId: KeyProviderId, serverName: string' },
    async ({ center, parameters: { clusterId, serverName } }) => {
      const provider = center.providers.get(clusterId.id, 'clusterId');
      const servers = provider.servers.filter(({ name }) => name !== serverName);
      if (servers.length === provider.servers.length) throw invalidArgument('serverName');
      const isEmpty = servers.length === 0 && center.behaviour.settings.emptyProvider === 'removed';
      if (isEmpty) await center.providers.remove(provider.id);
      else await center.providers.put({ ...provider, servers });
    },
  ),
  method(
    'CryptoManagerKmip',
    'ListKmipServers',
    { ...S, parameters: 'limit?: int', returns: 'KmipClusterInfo[]?' },
    ({ center, parameters: { limit = -1 } }) => {
      const providers = center.providers.list();
      return (limit < 0 ? providers : providers.slice(0, limit)).map((provider) => clusterInfo(provider));
    },
  ),
  method(
    'CryptoManagerKmip',
    'RetrieveKmipServerCert',
    {
      ...S,
      parameters: 'keyProvider: KeyProviderId, server: KmipServerInfo',
      returns: 'CryptoManagerKmipServerCertInfo',
    },
    async ({ center, parameters: { keyProvider, server } }) => {
      // The server may be "placed or will be created": neither it nor its provider need be registered.
      const provider = center.providers.find(keyProvider.id);
      const certificate = await center.keyServers.presented(provider, withoutType(server));
      if (certificate === undefined) return { certificate: '' };
      return {
        certificate,
        certInfo: certificateInfo(certificate, center.clock.now()),
        clientTrustServer: provider !== undefined && center.keyServers.trusts(provider, certificate),
      };
    },
  ),
];

type SpecCall = Parameters<Parameters<typeof method<'CryptoManagerKmip', 'RegisterKmipServer'>>[3]>[0];

async function register({ center, parameters: { server } }: SpecCall): Promise<void> {
  const { id } = server.clusterId;
  if (id === '') throw invalidArgument('server.clusterId');
  checkInfo(server.info);
  const known = center.providers.find(id);
  if (known?.servers.some(({ name }) => name === server.info.name) === true) {
    // vcsim has a RuntimeFault of these words; the type of a real one is not established [inferred].
    throw new VimFault('InvalidArgument', 'Already registered', { invalidProperty: 'server.info.name' });
  }
  const provider = known ?? center.providers.create(id, { useAsDefault: isFirst(center) });
  const row: ServerRow = {
    ...deleted(withoutType(server.info)),
    ...(server.password !== undefined && server.password !== '' && { password: server.password }),
  };
  const changed = { ...provider, servers: [...provider.servers, row] };
  await center.providers.put(changed);
  center.health.configured(changed);
}

const isFirst = ({ behaviour, providers }: Center): boolean =>
  behaviour.settings.firstProviderIsDefault && providers.list().length === 0;

async function update({ center, parameters: { server } }: SpecCall): Promise<void> {
  const provider = center.providers.get(server.clusterId.id, 'server.clusterId');
  const before = provider.servers.find(({ name }) => name === server.info.name);
  if (before === undefined) throw invalidArgument('server.info.name');
  checkInfo(server.info);
  const { password, ...info } = before;
  const wanted = server.password ?? password;
  const after: ServerRow = {
    ...deleted({ ...info, ...withoutType(server.info) }),
    ...(wanted !== undefined && wanted !== '' && { password: wanted }),
  };
  const changed = { ...provider, servers: provider.servers.map((row) => (row === before ? after : row)) };
  await center.providers.put(changed);
  center.health.configured(changed);
}

/** vcsim checks the name alone; address and port [inferred]. */
function checkInfo({ name, address, port }: KmipServerInfo): void {
  if (name === '') throw invalidArgument('server.info.name');
  if (address === '') throw invalidArgument('server.info.address');
  if (port < 1 || port > 65_535) throw invalidArgument('server.info.port');
}

/** What is left out keeps its value; "" and -1 delete an optional entry (types.go, KmipServerInfo). */
function deleted(info: ServerRow): ServerRow {
  const { name, address, port, ...optional } = info;
  const kept = Object.entries(optional).filter(
    ([member, value]) => value !== '' && (value !== -1 || member === 'timeout'),
  );
  return { name, address, port, ...Object.fromEntries(kept) };
}

const withoutType = (info: KmipServerInfo): ServerRow => without(info, '_typeName');
