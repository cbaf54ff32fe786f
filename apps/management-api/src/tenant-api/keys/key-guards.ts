import { type KeyGuard, keyName, keyVersion, type ManagedObject, ownerOf } from '@lib/kmip-engine';

import { ApiError, preconditionFailed } from '../../http/api-error';
import { ifMatchAllows } from '../../http/entity-tag';
import { type OperationCall } from '../../http/operation';

/** The key has the version that the caller saw, where `If-Match` says one. @throws ApiError 412 */
export const asSeen =
  (call: OperationCall): KeyGuard =>
  (current) => {
    if (!ifMatchAllows(call.ifMatch, keyVersion(current))) throw preconditionFailed();
  };

/** The same, and it is the key that the caller means: he names it, or what it belongs to. @throws ApiError 409 or 412 */
export const asNamed =
  (call: OperationCall): KeyGuard =>
  (current) => {
    asSeen(call)(current);
    if (namesOf(current).includes(String(call.query['expected_name']))) return;
    throw ApiError.of(409, 'name_mismatch', 'The key has another name: nothing was changed.', {
      type: 'parameter',
      name: 'expected_name',
    });
  };

/** Its own, and that of the machine it belongs to: administrators know the second, and read the first nowhere. */
export function namesOf(key: ManagedObject): readonly string[] {
  const owner = ownerOf(key)?.name;
  return [keyName(key), ...(owner === undefined || owner === '' ? [] : [owner])];
}

/** One person alone destroys nothing here. */
export const planNeeded = (): ApiError =>
  ApiError.of(
    409,
    'second_person_required',
    'This instance destroys keys by shred plans alone, which a second person has confirmed: nothing was changed.',
  );
