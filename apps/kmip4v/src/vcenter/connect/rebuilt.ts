import { type CryptoKeyId, type KmipClusterInfo, retrieveAll, type ViSession } from '@lib/vi-json';

import { type KmipService, type RegisteredCertificate } from '../kmip-service';

/** Keys of a provider that are asked for at our service: one that is there is enough. */
const KEYS_ASKED = 5;

/**
 * The provider under which a vCenter that was rebuilt knew this instance: VMs or hosts name it for a key that the instance
 * has, and vCenter has no provider of that name. Only under that name are their keys found.
 */
export async function lostProvider(
  session: ViSession,
  service: KmipService,
  known: readonly KmipClusterInfo[],
): Promise<string | undefined> {
  const names = new Set(known.map(({ clusterId }) => clusterId.id));
  const keys = new Map<string, string[]>();
  const paths = { VirtualMachine: 'config.keyId', HostSystem: 'runtime.cryptoKeyId' } as const;
  const properties = Object.fromEntries(Object.entries(paths).map(([type, path]) => [type, [path]]));
  for (const object of await retrieveAll(session, properties)) {
    const path = paths[object.ref.type as keyof typeof paths];
    // What may not be read does not help; `connect` needs no right to read machines.
    const key = object.unreadable(path) === undefined ? object.get<CryptoKeyId>(path) : undefined;
    const provider = key?.providerId?.id;
    if (key === undefined || provider === undefined || names.has(provider)) continue;
    keys.set(provider, [...(keys.get(provider) ?? []), key.keyId]);
  }
  for (const [provider, ids] of keys) {
    for (const id of ids.slice(0, KEYS_ASKED)) if ((await service.key(id)) !== undefined) return provider;
  }
  return undefined;
}

/** Registrations that `connect` made for a provider of this name: the name and six digits. */
export function registeredFor(
  provider: string,
  certificates: readonly RegisteredCertificate[],
): readonly RegisteredCertificate[] {
  return certificates.filter(({ name }) => nameBefore(name) === provider.replace(/[^A-Za-z0-9_.-]/g, '-').slice(0, 50));
}

/** Names of providers under which the instance was connected before. */
export function formerNames(certificates: readonly RegisteredCertificate[]): readonly string[] {
  return [...new Set(certificates.map(({ name }) => nameBefore(name)).filter((name) => name !== undefined))];
}

const nameBefore = (registration: string): string | undefined => /^(.+)-[0-9a-f]{6}$/.exec(registration)?.[1];

/** What somebody should know who connects a vCenter under this name, where the instance was connected before. */
export function rebuildRemarks(
  provider: string,
  isNew: boolean,
  certificates: readonly RegisteredCertificate[],
): readonly string[] {
  if (!isNew) return [];
  const before = registeredFor(provider, certificates);
  if (before.length > 0) {
    const names = before.map(
      ({ name, lastSeen }) => `${name} (${lastSeen === undefined ? 'never seen' : `seen ${lastSeen.at}`})`,
    );
    return [
      `A vCenter was connected under the name ${provider} before: ${names.join(', ')}. If this one takes its place, VMs find their keys again, and the ` +
        'old certificate can go when nobody presents it any more: kmip4v certificate remove.',
    ];
  }
  const others = formerNames(certificates);
  if (others.length === 0) return [];
  return [
    `This instance was connected under other names before: ${others.join(', ')}. VMs that were encrypted then find their keys under that name alone: if ` +
      'this vCenter was rebuilt, begin anew with --provider and that name.',
  ];
}
