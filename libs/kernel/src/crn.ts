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
 * @returns undefined for anything else
 */
export function readCrn(text: string): InstanceCrn | undefined {
  const [scheme, version, , , serviceName = '', region = '', scope = '', serviceInstance = '', ...rest] =
    text.split(':');
  const accountId = scope.startsWith('a/') ? scope.slice(2) : '';
  const wellFormed =
    text.length <= MAXIMUM_LENGTH &&
    `${String(scheme)}:${String(version)}` === 'crn:v1' &&
    [serviceName, region, accountId, serviceInstance].every((part) => SEGMENT.test(part)) &&
    ['', ':'].includes(rest.join(':'));
  return wellFormed ? { text, serviceName, region, accountId, serviceInstance } : undefined;
}
