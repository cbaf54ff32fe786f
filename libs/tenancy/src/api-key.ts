import { Secret, tidyPasted } from '@lib/kernel';

import { TenancyError } from './tenancy.error';

const API_KEY = /^[A-Za-z0-9_-]{32,256}$/;

/** An API key as people paste it. The caller wipes it. @throws TenancyError('invalid_api_key'), which never quotes it */
export function readApiKey(pasted: string): Secret {
  const text = tidyPasted(pasted);
  if (!API_KEY.test(text)) {
    throw new TenancyError(
      'invalid_api_key',
      'This is not an API key: 32 to 256 letters, digits, hyphens and underscores. Of a file that IAM offered for download, give the value of `apikey` alone.',
    );
  }
  return Secret.fromText(text);
}
