import { without } from '@lib/stand-in';
import { type KmipClusterInfo } from '@lib/vi-json';

import { type ProviderRow } from '../../rows';

/** A provider as ListKmipServers and the like show it. A password is never among it, a user name is. */
export function clusterInfo(provider: ProviderRow, withServers = true): KmipClusterInfo {
  return {
    _typeName: 'KmipClusterInfo',
    clusterId: { _typeName: 'KeyProviderId', id: provider.id },
    ...(withServers && {
      servers: provider.servers.map((row) => ({ _typeName: 'KmipServerInfo' as const, ...without(row, 'password') })),
    }),
    useAsDefault: provider.useAsDefault,
    managementType: provider.managementType,
    ...(provider.entityDefaults.length > 0 && { useAsEntityDefault: provider.entityDefaults }),
  };
}
