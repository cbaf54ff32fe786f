import ResourceControllerV2 from '@ibm-cloud/platform-services/resource-controller/v2';
import { type PlatformInstances, type PlatformView } from '@lib/service-instances';

import { type ServiceIdentity, statusOf } from '../../auth/service-identity';
import { clientOptions } from './platform-client';

/** Instances as the resource controller shows them to us. It shows only what our service ID may see. */
export class ResourceControllerInstances implements PlatformInstances {
  private readonly client: ResourceControllerV2;

  constructor(
    serviceUrl: string,
    private readonly identity: ServiceIdentity,
  ) {
    this.client = new ResourceControllerV2(clientOptions(serviceUrl));
  }

  async find(crn: string): Promise<PlatformView> {
    try {
      const { result } = await this.identity.call((headers) => this.client.getResourceInstance({ id: crn, headers }));
      return { kind: 'present', state: result.state ?? '' };
    } catch (error) {
      const status = statusOf(error);
      return status === 404 || status === 410 ? { kind: 'absent' } : { kind: 'unknown' };
    }
  }
}
