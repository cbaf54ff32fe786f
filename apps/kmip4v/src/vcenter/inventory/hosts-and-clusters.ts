import {
  type ClusterCryptoConfigInfo,
  type CryptoKeyId,
  reference,
  retrieveAll,
  type RetrievedObject,
  type ViSession,
  type VsanDataEncryptionConfig,
} from '@lib/vi-json';

import { toldOfOne } from '../fault-remedies';
import { type ExaminedHost, type Findings } from './inventory';
import { referenceOf } from './machines';

/** What vSAN of a cluster says; undefined where vSAN is not encrypted. @throws when it cannot be read */
export type VsanReader = (
  cluster: RetrievedObject['ref'],
  name: string,
) => Promise<VsanDataEncryptionConfig | undefined>;

export interface HostFindings extends Findings {
  readonly hosts: ExaminedHost[];
  readonly examined: { hosts: number; clusters: number };
}

/** Host keys encrypt core dumps. A cluster may have a key policy (8.0.3) and vSAN keys of its own. */
export async function examineHosts(session: ViSession, vsan: VsanReader | undefined): Promise<HostFindings> {
  const found: HostFindings = { references: [], unexamined: [], hosts: [], examined: { hosts: 0, clusters: 0 } };
  const properties = {
    HostSystem: ['name', 'runtime.cryptoState', 'runtime.cryptoKeyId', 'summary.config.product'],
    ClusterComputeResource: ['name', 'configurationEx'],
  };
  for (const object of await retrieveAll(session, properties)) {
    const { name } = object;
    const [denied] = object.missing.values();
    if (denied !== undefined) {
      found.unexamined.push({ what: `${object.ref.type} ${name}`, why: toldOfOne(denied) });
    } else if (object.ref.type === 'HostSystem') examineHost(object, name, found);
    else await examineCluster(object, name, vsan, found);
  }
  return found;
}

function examineHost(object: RetrievedObject, name: string, found: HostFindings): void {
  const product = object.get<{ readonly version: string; readonly build: string }>('summary.config.product');
  const cryptoState = object.get<string>('runtime.cryptoState');
  found.examined.hosts += 1;
  found.hosts.push({
    object: object.ref,
    name,
    version: product?.version ?? '',
    build: Number(product?.build ?? 0),
    ...(cryptoState === undefined ? {} : { cryptoState }),
  });
  found.references.push(
    ...referenceOf('host', object.get<CryptoKeyId>('runtime.cryptoKeyId'), { object: object.ref, name }),
  );
}

interface Configuration {
  readonly cryptoConfig?: ClusterCryptoConfigInfo;
  readonly vsanConfigInfo?: { readonly enabled?: boolean };
}

async function examineCluster(
  object: RetrievedObject,
  name: string,
  vsan: VsanReader | undefined,
  found: HostFindings,
): Promise<void> {
  found.examined.clusters += 1;
  const { cryptoConfig, vsanConfigInfo } = object.get<Configuration>('configurationEx') ?? {};
  const policy = cryptoConfig?.policy;
  if (policy?.keyId !== undefined) {
    found.references.push(...referenceOf('cluster_policy', policy.keyId, { object: object.ref, name }));
  } else if (policy?.providerId !== undefined) {
    // No key yet, but new ones come from there.
    const provider = policy.providerId.id;
    found.references.push({ kind: 'cluster_policy', object: object.ref, name, keyId: '', provider });
  }
  if (vsanConfigInfo?.enabled !== true) return;
  const what = `vSAN of the cluster ${name}`;
  if (vsan === undefined) {
    found.unexamined.push({
      what,
      why: 'vSAN not examined: vCenter 8.0 shows it by an interface of its own alone. Say what it has with --vsan FILE.',
    });
    return;
  }
  try {
    examineVsan(await vsan(object.ref, name), object, name, found);
  } catch (error) {
    found.unexamined.push({ what, why: `vSAN not examined: ${toldOfOne(error)}` });
  }
}

function examineVsan(
  config: VsanDataEncryptionConfig | undefined,
  { ref }: RetrievedObject,
  name: string,
  found: HostFindings,
): void {
  if (config?.encryptionEnabled !== true) return;
  const provider = config.kmsProviderId?.id;
  if (config.kekId === undefined && config.hostKeyId === undefined) {
    found.references.push({ kind: 'vsan', object: ref, name, keyId: '', ...(provider && { provider }) });
  }
  const keys = { 'key that encrypts the keys of disks': config.kekId, 'host key': config.hostKeyId };
  for (const [detail, keyId] of Object.entries(keys)) {
    const key =
      keyId === undefined ? undefined : { keyId, ...(config.kmsProviderId && { providerId: config.kmsProviderId }) };
    found.references.push(...referenceOf('vsan', key, { object: ref, name, detail }));
  }
}

/** From 9.0 on vSAN is below `/vsan` of the JSON API; undefined for vCenters before. */
export function vsanByJson(session: ViSession): VsanReader | undefined {
  if (!session.release.startsWith('9.')) return undefined;
  const system = reference('VsanVcClusterConfigSystem', 'vsan-cluster-config-system');
  return async (cluster) => {
    const type = 'VsanVcClusterConfigSystem';
    const config = await session.call(system, type, 'VsanClusterGetConfig', { cluster });
    return config?.dataEncryptionConfig;
  };
}
