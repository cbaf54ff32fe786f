import { type InstanceCrn, type InstanceId } from '@lib/kernel';
import { instanceIdOf, parseInstanceCrn } from '@lib/tenancy';

import { type ServiceInstance } from './service-instance';
import { ServiceInstanceError, instanceUnknown } from './service-instance.error';

/** The id of a service instance as the platform sent it: a CRN, whose GUID is our instance's id. */
export interface OrderedInstance {
  readonly instanceId: InstanceId;
  readonly crn: InstanceCrn;
}

/** @returns undefined for anything that cannot be an instance of ours */
export function readInstanceCrn(text: string): OrderedInstance | undefined {
  try {
    const crn = parseInstanceCrn(text);
    return { instanceId: instanceIdOf(crn), crn };
  } catch {
    return undefined;
  }
}

/** @throws ServiceInstanceError('catalog_invalid_request') */
export function requireInstanceCrn(text: string): OrderedInstance {
  const read = readInstanceCrn(text);
  if (read === undefined) {
    throw new ServiceInstanceError(
      'catalog_invalid_request',
      'The id in the path is not the CRN of a service instance with a GUID.',
    );
  }
  return read;
}

/**
 * The platform writes CRNs with and without the two empty segments at the end. A CRN that shares the GUID alone, say of
 * another account, names something else.
 */
export const sameCrn = (a: string, b: string): boolean => withoutTail(a) === withoutTail(b);

/** The instance when there is one, by exactly this name. @throws ServiceInstanceError('catalog_instance_unknown') */
export function known(instance: ServiceInstance | undefined, { crn }: OrderedInstance): ServiceInstance {
  const missing = instance === undefined || instance.status === 'deleted' || instance.status === 'failed';
  if (missing || !sameCrn(instance.crn, crn.text)) throw instanceUnknown();
  return instance;
}

const withoutTail = (crn: string): string => crn.replace(/:{0,2}$/, '').toLowerCase();
