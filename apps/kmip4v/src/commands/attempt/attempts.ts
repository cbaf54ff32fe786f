import { type TenantApi } from '@lib/tenant-api-client';

import { collected, present } from '../../tenant/asking';
import { type ConnectionAttempt } from '../../tenant/resources';

/** Attempts to connect, the last ones first. */
export const attempts = (
  api: TenantApi,
  instance: string,
  verdict: string | undefined,
  most: number | undefined,
): Promise<readonly ConnectionAttempt[]> =>
  collected(
    (page) =>
      api.GET('/v1/instances/{instance_id}/connection_attempts', {
        params: { path: { instance_id: instance }, query: { ...page, ...present({ verdict }) } },
      }),
    ({ connection_attempts: found }) => found,
    most,
  );
