import { type InstanceId } from '@lib/kernel';

import { type ServiceInstanceUnitOfWork } from './provisioning.ports';

/** What whoever ordered an instance chose for it. Nothing is bound by that: the tenant may take another one. */
export interface ProposedRootKey {
  readonly keyManagerCrn: string;
  /** Absent: any root key there. */
  readonly rootKeyId?: string;
}

/** Root keys that were chosen with the order, to be shown where they are bound. */
export class RootKeyProposals {
  constructor(private readonly unitOfWork: ServiceInstanceUnitOfWork) {}

  /** @returns undefined also for instances that the platform did not order */
  async of(instanceId: InstanceId): Promise<ProposedRootKey | undefined> {
    const instance = await this.unitOfWork.forTenant(instanceId, (scope) => scope.serviceInstance.get());
    const { key_manager_crn: keyManagerCrn, root_key_id: rootKeyId } = instance?.attributes.parameters ?? {};
    if (keyManagerCrn === undefined) return undefined;
    return { keyManagerCrn, ...(rootKeyId === undefined ? {} : { rootKeyId }) };
  }
}
