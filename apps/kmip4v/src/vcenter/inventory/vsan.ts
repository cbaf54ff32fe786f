import {
  type ManagedObjectReference,
  reference,
  type RetrievedObject,
  type ViSession,
  type VsanDataEncryptionConfig,
} from '@lib/vi-json';

import { toldOfOne } from '../fault-remedies';
import { type Findings, type KeyReference } from './inventory';
import { referenceOf } from './machines';

export const VSAN_TYPE = 'VsanVcClusterConfigSystem';
/** The same in every vCenter. */
export const VSAN_SYSTEM = reference(VSAN_TYPE, 'vsan-cluster-config-system');

/** What vSAN of a cluster says; undefined where vSAN is not encrypted. @throws when it cannot be read */
export type VsanReader = (
  cluster: ManagedObjectReference,
  name: string,
) => Promise<VsanDataEncryptionConfig | undefined>;

/** Asks vCenter, and only where it does not tell, `told`: what somebody found out by other means. */
export function vsanReader(session: ViSession, told: VsanReader | undefined): VsanReader {
  return async (cluster, name) => {
    try {
      return (await session.call(VSAN_SYSTEM, VSAN_TYPE, 'VsanClusterGetConfig', { cluster }))?.dataEncryptionConfig;
    } catch (error) {
      if (told !== undefined) return await told(cluster, name);
      throw error;
    }
  };
}

/** A cluster on which vSAN is on. */
export async function examineVsan({ ref }: RetrievedObject, name: string, read: VsanReader): Promise<Findings> {
  const what = `vSAN of the cluster ${name}`;
  let config: VsanDataEncryptionConfig | undefined;
  try {
    config = await read(ref, name);
  } catch (error) {
    const remedy = 'Where vCenter does not tell it, say what the cluster has with --vsan FILE.';
    return { references: [], unexamined: [{ what, why: `vSAN not examined: ${toldOfOne(error)} ${remedy}` }] };
  }
  const references = keysOf(config, ref, name);
  // What it names is what it is going to have: some of its disks may still need the key before.
  const why = 'vSAN is changing its encryption: look again when that has ended.';
  return { references, unexamined: config?.changing === true ? [{ what, why }] : [] };
}

function keysOf(
  config: VsanDataEncryptionConfig | undefined,
  object: ManagedObjectReference,
  name: string,
): KeyReference[] {
  if (config?.encryptionEnabled !== true) return [];
  const { hostKeyId, kekId, kmsProviderId } = config;
  if (kekId === undefined && hostKeyId === undefined) {
    return [{ kind: 'vsan', object, name, keyId: '', ...(kmsProviderId && { provider: kmsProviderId.id }) }];
  }
  const keys = { 'key that encrypts the keys of disks': kekId, 'host key': hostKeyId };
  return Object.entries(keys).flatMap(([detail, keyId]) => {
    const key = keyId === undefined ? undefined : { keyId, ...(kmsProviderId && { providerId: kmsProviderId }) };
    return referenceOf('vsan', key, { object, name, detail });
  });
}
