import { STORED_KEY_PREFIX } from '@lib/kernel';

import { type KeysLeftBehind } from './service-instance';

/** For the person who deleted an instance: what is still there, and how to find it. */
export function describeKeysLeftBehind(left: readonly KeysLeftBehind[]): string {
  const total = left.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return 'The service instance was deleted. No wrapped keys are left.';
  const places = left.map(({ keyManagerCrn, count }) => `${String(count)} in ${keyManagerCrn}`).join('; ');
  return (
    `The service instance was deleted. Its wrapped keys are yours and stay in your key manager: ${places}. ` +
    `They are the standard keys whose names begin with ${STORED_KEY_PREFIX}; delete them there to shred the data.`
  );
}
