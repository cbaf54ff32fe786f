import { type TenantApi } from '@lib/tenant-api-client';

import { answerOf } from '../../tenant/asking';
import { type ShredPlan } from '../../tenant/resources';

export const findPlan = async (api: TenantApi, instance: string, id: string): Promise<ShredPlan> =>
  await answerOf(
    api.GET('/v1/instances/{instance_id}/shred_plans/{id}', { params: { path: { instance_id: instance, id } } }),
  );
