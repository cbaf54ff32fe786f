import { readCrn, tidyPasted } from '@lib/kernel';
import { type EndpointVisibility } from '@lib/key-manager';
import { type RootKeyBinding } from '@lib/tenancy';

import { ApiError } from '../../http/api-error';

/** What was asked for; of bindings that are older than the question, what their address tells. */
export const visibilityOf = ({ endpointVisibility, endpointUrl }: RootKeyBinding): EndpointVisibility =>
  endpointVisibility ?? (/\bprivate\b/.test(new URL(endpointUrl).hostname) ? 'private' : 'public');

/** A root key and the key-manager instance it lies in. */
export interface RootKeyReference {
  readonly keyManagerCrn: string;
  readonly rootKeyId: string;
}

/** What a part between two colons may hold. */
const PART = /^(?:[A-Za-z0-9._~!$&'()*+,;=@/-]|%[0-9A-Z]{2})*$/;

/** @throws ApiError 400 unless it is the CRN of a key, `crn:v1:…:<instance>:key:<id>`, as people paste it */
export function parseRootKeyCrn(pasted: string): RootKeyReference {
  const parts = tidyPasted(pasted).split(':');
  const [scheme, version] = parts;
  const [type, rootKeyId = ''] = parts.slice(8);
  const wellFormed =
    `${String(scheme)}:${String(version)}` === 'crn:v1' &&
    parts.length === 10 &&
    parts.every((part) => PART.test(part));
  if (!wellFormed || type !== 'key' || !/^[0-9a-f-]{36}$/.test(rootKeyId)) {
    throw ApiError.of(
      400,
      'invalid_field',
      'This is not the CRN of a root key. Copy it whole from the details of the key in the key manager: `crn:v1:…:key:<id>`.',
      { type: 'field', name: 'crn' },
    );
  }
  return { keyManagerCrn: `${parts.slice(0, 8).join(':')}::`, rootKeyId };
}

export const rootKeyCrn = ({ keyManagerCrn, rootKeyId }: RootKeyReference): string =>
  `${keyManagerCrn.replace(/:+$/, '')}:key:${rootKeyId}`;

/** Whose key manager it is; a service ID acts in its own account only. */
export const accountOf = (keyManagerCrn: string): string => readCrn(keyManagerCrn)?.accountId ?? '';
