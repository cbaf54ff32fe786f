import { type TenantApi } from '@lib/tenant-api-client';

import { collected } from '../../tenant/asking';
import { type FormerRootKey } from '../../tenant/resources';

export const formerRootKeys = (api: TenantApi, instance: string): Promise<readonly FormerRootKey[]> =>
  collected(
    (query) =>
      api.GET('/v1/instances/{instance_id}/former_root_keys', { params: { path: { instance_id: instance }, query } }),
    ({ former_root_keys: found }) => found,
  );
