import {
  cryptoKeyId,
  type CryptoKeyId,
  type CryptoKeyStatus,
  KEY_STATUS_BITS,
  KeyProviders,
  type ViSession,
} from '@lib/vi-json';

import { sha256Of } from '../certificates';
import { examineFirstClassDisks } from './first-class-disks';
import { examineHosts } from './hosts-and-clusters';
import { type Inventory, type KeyInUse, type KeyReference, type Unexamined } from './inventory';
import { examineMachines } from './machines';
import { type VsanReader, vsanReader } from './vsan';

const KEYS_AT_ONCE = 100;

interface Take {
  readonly now: Date;
  /** Where vCenter does not let vSAN be read: another way to it, if there is one. */
  readonly vsan?: VsanReader;
  readonly onProgress?: (what: string) => void;
}

/**
 * Every place of a vCenter that needs a key. The instant is before anything is read, so that a key which is made meanwhile
 * is not taken for one that nobody needs.
 */
export async function takeInventory(session: ViSession, { now, vsan, onProgress }: Take): Promise<Inventory> {
  const providers = new KeyProviders(session);
  onProgress?.('virtual machines and snapshots');
  const machines = await examineMachines(session);
  onProgress?.('hosts and clusters');
  const hosts = await examineHosts(session, vsanReader(session, vsan));
  onProgress?.('first-class disks');
  const disks = await examineFirstClassDisks(session, machines.attachedDisks);
  const references = [...machines.references, ...hosts.references, ...disks.references];
  onProgress?.('keys');
  const keys = await keysInUse(providers, references);
  const { about } = session.content;
  return {
    takenAt: now.toISOString(),
    vcenter: { name: about.name, instanceUuid: about.instanceUuid ?? '', build: about.build },
    examined: { ...machines.examined, ...hosts.examined, ...disks.examined },
    references,
    keys: keys.keys,
    machines: machines.machines,
    hosts: hosts.hosts,
    datastores: Object.fromEntries(disks.datastores),
    unexamined: [...machines.unexamined, ...hosts.unexamined, ...disks.unexamined, ...keys.unexamined],
    clientCertificates: await clientCertificates(providers),
  };
}

interface Keys {
  readonly keys: readonly KeyInUse[];
  readonly unexamined: readonly Unexamined[];
}

const nameOf = ({ keyId, providerId }: CryptoKeyId): string => `${providerId?.id ?? ''}/${keyId}`;

/** What vCenter says of each key, and what it says to need that was not found by looking. */
async function keysInUse(providers: KeyProviders, references: readonly KeyReference[]): Promise<Keys> {
  const found = new Map<string, { id: CryptoKeyId; users: string[] }>();
  for (const { keyId, provider, name, detail } of references) {
    if (keyId === '') continue;
    const id = provider === undefined ? { keyId } : cryptoKeyId(keyId, provider);
    const key = found.get(nameOf(id)) ?? { id, users: [] };
    key.users.push(detail === undefined ? name : `${name} (${detail})`);
    found.set(nameOf(id), key);
  }
  const listed = (await providers.listKeys()).filter((id) => !found.has(nameOf(id)));
  const unexamined: Unexamined[] = listed.map((id) => ({
    what: `key ${id.keyId}`,
    why: `vCenter lists it for a VM or host (provider ${id.providerId?.id ?? 'not named'}) that was not found by looking.`,
  }));
  const keys: KeyInUse[] = [];
  const all = [...found.values()];
  for (let from = 0; from < all.length; from += KEYS_AT_ONCE) {
    const some = all.slice(from, from + KEYS_AT_ONCE);
    const bits = Object.values(KEY_STATUS_BITS).reduce((sum, bit) => sum + bit, 0);
    const answers = await providers.keyStatus(
      some.map(({ id }) => id),
      bits,
    );
    const statuses = new Map(answers.map((status) => [nameOf(status.keyId), status]));
    for (const { id, users } of some) keys.push(keyInUse(id, users, statuses.get(nameOf(id))));
  }
  return { keys, unexamined };
}

function keyInUse(id: CryptoKeyId, users: readonly string[], status: CryptoKeyStatus | undefined): KeyInUse {
  const tags = (status?.referencedByTags ?? []).map((tag) => `third party: ${tag}`);
  return {
    keyId: id.keyId,
    ...(id.providerId === undefined ? {} : { provider: id.providerId.id }),
    ...(status?.keyAvailable === undefined ? {} : { available: status.keyAvailable }),
    ...(status?.reason === undefined ? {} : { reason: status.reason }),
    users: [...users, ...tags],
  };
}

async function clientCertificates(providers: KeyProviders): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const { clusterId, managementType } of await providers.list()) {
    if (managementType === 'nativeProvider' || managementType === 'trustAuthority') continue;
    const pem = await providers.clientCertificate(clusterId.id);
    if (pem !== undefined) found[clusterId.id] = sha256Of(pem);
  }
  return found;
}
