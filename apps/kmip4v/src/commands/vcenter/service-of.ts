import { type Context } from '../../command-line/context';
import { type KmipService } from '../../vcenter/kmip-service';
import { TenantService } from '../../vcenter/tenant-service';

/** The instance that is worked on, as the vCenter commands use it. */
export async function serviceOf({ tenant }: Context): Promise<KmipService> {
  const { api, instance } = await tenant();
  return new TenantService(api, instance, () => new Date());
}
