import { ApiError } from '../../http/api-error';

/** A root key and the key-manager instance it lies in. */
export interface RootKeyReference {
  readonly keyManagerCrn: string;
  readonly rootKeyId: string;
}

/** @throws ApiError 400 unless it is the CRN of a key, `crn:v1:…:<instance>:key:<id>` */
export function parseRootKeyCrn(crn: string): RootKeyReference {
  const parts = crn.split(':');
  const [type, rootKeyId] = parts.slice(8);
  if (parts.length !== 10 || type !== 'key' || rootKeyId === undefined || !/^[0-9a-f-]{36}$/.test(rootKeyId)) {
    throw ApiError.of(400, 'invalid_field', 'This is not the CRN of a root key (`crn:v1:…:key:<id>`).', {
      type: 'field',
      name: 'crn',
    });
  }
  return { keyManagerCrn: `${parts.slice(0, 8).join(':')}::`, rootKeyId };
}

export const rootKeyCrn = ({ keyManagerCrn, rootKeyId }: RootKeyReference): string =>
  `${keyManagerCrn.replace(/:+$/, '')}:key:${rootKeyId}`;
