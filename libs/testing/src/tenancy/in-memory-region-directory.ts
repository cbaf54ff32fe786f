import { type CertificateFingerprint, type InstanceId } from '@lib/kernel';
import {
  type DirectoryEntry,
  type FormerRegistration,
  type Instance,
  type InstancePage,
  type KmipCredential,
  type Listing,
  omit,
  type RegionChanges,
  type RegionDirectory,
  type Registrations,
} from '@lib/tenancy';

import { type InMemoryRegion } from '../region/in-memory-region';
import { answered, type TenantRows } from '../region/tenant-rows';
import { holdersOf, standingsOf, toStanding } from './in-memory-standings';

export class InMemoryRegionDirectory implements RegionDirectory {
  #proofRequiredSince: Date | undefined;

  constructor(private readonly region: InMemoryRegion) {}

  async listing(instanceIds: readonly InstanceId[]): Promise<Listing> {
    const { current, former } = await this.registrations();
    const isNamed = ({ instanceId }: { readonly instanceId: InstanceId }): boolean => instanceIds.includes(instanceId);
    const credentials = (await this.kmipCredentials()).filter(isNamed);
    return { current: current.filter(isNamed), former: former.filter(isNamed), credentials };
  }

  async nextListing({ after = '' as InstanceId, limit }: Omit<InstancePage, 'accountId'>) {
    const { current, former } = await this.registrations();
    const all = [...current, ...former, ...(await this.kmipCredentials())].map(({ instanceId }) => instanceId);
    const ids = [...new Set(all)].filter((id) => id > after).sort();
    const page = ids.slice(0, limit);
    const last = page.length === limit ? page.at(-1) : undefined;
    return { ...(await this.listing(page)), ...(last && { last }) };
  }

  registrations(instanceId?: InstanceId): Promise<Registrations> {
    return answered(() => {
      const now = this.region.clock.now();
      const all = this.#tenants(instanceId).flatMap(([id, rows]) =>
        [...rows.standings]
          .filter(([, { removedAt, notAfter }]) => removedAt === undefined || notAfter > now)
          .map(([fingerprint]) => registrationOf(id, rows, fingerprint)),
      );
      return inOrder(all);
    });
  }

  registrants(
    fingerprints: readonly CertificateFingerprint[],
  ): Promise<ReadonlyMap<CertificateFingerprint, Registrations>> {
    return answered(() => new Map(fingerprints.flatMap((fingerprint) => this.#registrantsOf(fingerprint))));
  }

  proofRequiredSince(begin: boolean): Promise<Date | undefined> {
    return answered(() => {
      if (begin) this.#proofRequiredSince ??= this.region.clock.now();
      return this.#proofRequiredSince;
    });
  }

  kmipCredentials(instanceId?: InstanceId): Promise<readonly KmipCredential[]> {
    return answered(() =>
      this.#tenants(instanceId).flatMap(([, { kmipCredentials }]) =>
        [...kmipCredentials.values()].map((credential) => omit(credential, 'createdAt')),
      ),
    );
  }

  changes(since = String(this.region.notices.length)): Promise<RegionChanges> {
    return answered(() => {
      const { notices } = this.region;
      const versionOf = (id: InstanceId) => String(notices.filter((each) => each === id).length);
      const changed = notices.slice(Number(since)).map((id) => [id, versionOf(id)] as const);
      return { instances: new Map(changed), next: String(notices.length), continuous: Number(since) <= notices.length };
    });
  }

  pruneStandings(): Promise<void> {
    return answered(() => {
      const now = this.region.clock.now();
      for (const { standings } of this.region.tenants.values()) {
        for (const [fingerprint, { removedAt, notAfter }] of standings)
          if (removedAt !== undefined && notAfter < now) standings.delete(fingerprint);
      }
    });
  }

  holders(
    fingerprint: CertificateFingerprint,
    uniqueIdentifier: string,
  ): Promise<readonly { readonly instanceId: InstanceId; readonly own: boolean }[]> {
    return answered(() => holdersOf(this.region, fingerprint, uniqueIdentifier));
  }

  async instances(page: InstancePage): Promise<readonly InstanceId[]> {
    return (await this.wholeInstances(page)).map(({ id }) => id);
  }

  wholeInstances({ accountId, after = '' as InstanceId, limit }: InstancePage): Promise<readonly Instance[]> {
    return answered(() =>
      this.#tenants()
        .flatMap(([, { instance }]) => instance ?? [])
        .filter((instance) => (accountId === undefined || instance.accountId === accountId) && instance.id > after)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    );
  }

  outdatedCredentials(serviceKeyVersion: number, limit: number): Promise<readonly InstanceId[]> {
    return answered(() =>
      this.#tenants()
        .filter(([, { credential, formerCredentials }]) =>
          [...(credential === undefined ? [] : [credential]), ...formerCredentials.values()].some(
            (sealed) => sealed.serviceKeyVersion !== serviceKeyVersion,
          ),
        )
        .map(([id]) => id)
        .slice(0, limit),
    );
  }

  #tenants(instanceId?: InstanceId): readonly (readonly [InstanceId, TenantRows])[] {
    return [...this.region.tenants].filter(([id]) => instanceId === undefined || id === instanceId);
  }

  #registrantsOf(fingerprint: CertificateFingerprint): readonly (readonly [CertificateFingerprint, Registrations])[] {
    const { tenants } = this.region;
    const all = standingsOf(tenants, fingerprint).map(([id]) => registrationOf(id, tenants.get(id)!, fingerprint));
    return all.length === 0 ? [] : [[fingerprint, inOrder(all)]];
  }
}

type AnyRegistration = DirectoryEntry | FormerRegistration;

function registrationOf(
  instanceId: InstanceId,
  { standings, certificates, instance }: TenantRows,
  fingerprint: CertificateFingerprint,
): AnyRegistration {
  const standing = standings.get(fingerprint)!;
  const former = { fingerprint, instanceId, accountId: standing.accountId, standing: toStanding(standing) };
  const certificate = [...certificates.values()].find((each) => each.fingerprint === fingerprint);
  if (certificate === undefined || instance === undefined) return former;
  const { id: certificateId, name: certificateName, notBefore, notAfter } = certificate;
  const { enabled: instanceEnabled, state: instanceState, maximumKeys, credentialPolicy } = instance;
  const ofCertificate = { certificateId, certificateName, notBefore, notAfter };
  return { ...former, ...ofCertificate, instanceEnabled, instanceState, maximumKeys, credentialPolicy };
}

/** The oldest registration first. */
function inOrder(all: readonly AnyRegistration[]): Registrations {
  const sorted = all.toSorted((a, b) => a.standing.registeredAt.getTime() - b.standing.registeredAt.getTime());
  return {
    current: sorted.filter((entry) => 'certificateId' in entry),
    former: sorted.filter((entry) => !('certificateId' in entry)),
  };
}
