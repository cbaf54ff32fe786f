import { type InstanceId, isUuid, toInstanceId } from '@lib/kernel';

import { TenancyError } from './tenancy.error';

/** Cloud Resource Name of a service instance, in its parts. `text` is exactly what was received: it is a key. */
export interface InstanceCrn {
  readonly text: string;
  readonly serviceName: string;
  readonly region: string;
  readonly accountId: string;
  readonly serviceInstance: string;
}

const MAXIMUM_LENGTH = 1024;
const SEGMENT = /^[A-Za-z0-9._~/-]+$/;

/**
 * `crn:v1:bluemix:public:<service>:<region>:a/<account>:<instance>` with or without the two empty segments at the end
 * (both forms are met in practice).
 * @throws TenancyError('invalid_crn')
 */
export function parseInstanceCrn(text: string): InstanceCrn {
  const [scheme, version, , , serviceName = '', region = '', scope = '', serviceInstance = '', ...rest] =
    text.split(':');
  const accountId = scope.startsWith('a/') ? scope.slice(2) : '';
  const wellFormed =
    text.length <= MAXIMUM_LENGTH &&
    `${String(scheme)}:${String(version)}` === 'crn:v1' &&
    [serviceName, region, accountId, serviceInstance].every((part) => SEGMENT.test(part)) &&
    ['', ':'].includes(rest.join(':'));
  if (!wellFormed) {
    throw new TenancyError(
      'invalid_crn',
      'This is not the CRN of a service instance. Copy it whole from its details: `crn:v1:…:<service>:<region>:a/<account>:<instance>::`.',
    );
  }
  return { text, serviceName, region, accountId, serviceInstance };
}

/** Our own instances are named by the GUID in their CRN. @throws TenancyError('invalid_crn') when there is none */
export function instanceIdOf(crn: InstanceCrn): InstanceId {
  const id = toInstanceId(crn.serviceInstance);
  if (!isUuid(id)) throw new TenancyError('invalid_crn', 'the instance part of the CRN is not a GUID');
  return id;
}
