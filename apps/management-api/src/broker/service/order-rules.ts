import { Inject, Injectable } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type InstanceParameters, type OrderedInstance } from '@lib/service-instances';
import { EndpointPolicy } from '@lib/tenancy';

import { MANAGEMENT_CONFIG } from '../../management-config.module';
import { badRequest } from '../http/osb-error';

/** What an order keeps to beside the schema of its plan. */
@Injectable()
export class OrderRules {
  readonly #region: string;

  constructor(
    @Inject(MANAGEMENT_CONFIG) { region }: ManagementApiConfig,
    @Inject(EndpointPolicy) private readonly keyManagers: EndpointPolicy,
  ) {
    this.#region = region;
  }

  /** The region of an instance is in its CRN. @throws OsbError 400 */
  checkRegion({ crn: { region } }: OrderedInstance): void {
    if (region !== this.#region) throw badRequest(`Instances of ${region} are not made here, but of ${this.#region}.`);
  }

  /**
   * What is only noted for later must at least be something that can be bound later.
   * @throws OsbError 400; TenancyError for a CRN that is none
   */
  checkKeyManager({ key_manager_crn: crn, root_key_id: rootKeyId }: InstanceParameters): void {
    if (crn !== undefined) this.keyManagers.kindOf(crn);
    else if (rootKeyId !== undefined) throw badRequest('parameters.root_key_id needs parameters.key_manager_crn.');
  }
}
