import { z } from 'zod';

import { providerId } from '@lib/vi-json';

import { usageFault } from '../../command-line/faults';
import { type VsanReader } from './vsan';

const vsanFile = z.array(
  z.strictObject({
    /** As vCenter names it, or its identifier (`domain-c8`). */
    cluster: z.string().min(1),
    encrypted: z.boolean(),
    provider: z.string().exactOptional(),
    kekId: z.string().exactOptional(),
    hostKeyId: z.string().exactOptional(),
  }),
);

/**
 * What somebody found out about vSAN by other means, for where vCenter does not let it be read.
 * @throws CommandFault
 */
export function vsanFrom(text: string, file: string): VsanReader {
  let clusters: z.infer<typeof vsanFile>;
  try {
    clusters = vsanFile.parse(JSON.parse(text));
  } catch {
    throw usageFault(
      `${file} does not say what vSAN clusters have`,
      'a list of {"cluster": NAME, "encrypted": true, "provider": NAME, "kekId": ID, "hostKeyId": ID} as JSON',
    );
  }
  return ({ value }, name) => {
    const found = clusters.find(({ cluster }) => cluster === name || cluster === value);
    if (found === undefined) return Promise.reject(new Error(`${file} does not name it.`));
    const { encrypted: encryptionEnabled, provider, kekId, hostKeyId } = found;
    return Promise.resolve({
      encryptionEnabled,
      ...(provider === undefined ? {} : { kmsProviderId: providerId(provider) }),
      ...(kekId === undefined ? {} : { kekId }),
      ...(hostKeyId === undefined ? {} : { hostKeyId }),
    });
  };
}
