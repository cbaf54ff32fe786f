import { type InstanceCrn, type InstanceId, isUuid, readCrn, toInstanceId } from '@lib/kernel';

import { TenancyError } from './tenancy.error';

/** @throws TenancyError('invalid_crn') */
export function parseInstanceCrn(text: string): InstanceCrn {
  const crn = readCrn(text);
  if (crn !== undefined) return crn;
  throw new TenancyError(
    'invalid_crn',
    'This is not the CRN of a service instance. Copy it whole from its details: `crn:v1:…:<service>:<region>:a/<account>:<instance>::`.',
  );
}

/** Our own instances are named by the GUID in their CRN. @throws TenancyError('invalid_crn') when there is none */
export function instanceIdOf(crn: InstanceCrn): InstanceId {
  const id = toInstanceId(crn.serviceInstance);
  if (!isUuid(id)) throw new TenancyError('invalid_crn', 'the instance part of the CRN is not a GUID');
  return id;
}
