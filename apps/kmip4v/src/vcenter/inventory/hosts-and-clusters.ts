import {
  type ClusterCryptoConfigInfo,
  type CryptoKeyId,
  retrieveAll,
  type RetrievedObject,
  type ViSession,
} from '@lib/vi-json';

import { toldOfOne } from '../fault-remedies';
import { type ExaminedHost, type Findings } from './inventory';
import { referenceOf } from './machines';
import { examineVsan, type VsanReader } from './vsan';

export interface HostFindings extends Findings {
  readonly hosts: ExaminedHost[];
  readonly examined: { hosts: number; clusters: number; vsanClusters: number };
}

/** Host keys encrypt core dumps. A cluster may have a key policy (8.0.3) and vSAN keys of its own. */
export async function examineHosts(session: ViSession, vsan: VsanReader): Promise<HostFindings> {
  const found: HostFindings = {
    references: [],
    unexamined: [],
    hosts: [],
    examined: { hosts: 0, clusters: 0, vsanClusters: 0 },
  };
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
  vsan: VsanReader,
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
  found.examined.vsanClusters += 1;
  const { references, unexamined } = await examineVsan(object, name, vsan);
  found.references.push(...references);
  found.unexamined.push(...unexamined);
}
