import { randomUUID } from 'node:crypto';
import { BlockList, isIPv6 } from 'node:net';

import {
  type AttemptQuery,
  type CertificateSighting,
  type ClaimedRefusals,
  type ConnectionAttempt,
  type ConnectionAttemptRetention,
  type ConnectionAttempts,
  type ConnectionReports,
  type CountedSighting,
  type EndpointTrust,
} from '@lib/diagnosis';
import { type InstanceId } from '@lib/kernel';
import { type CertificateClaim } from '@lib/tenancy';

import { type InMemoryRegion } from '../region/in-memory-region';
import { answered } from '../region/tenant-rows';

interface AttemptRow {
  readonly attempt: ConnectionAttempt;
  /** Absent for a stranger. */
  readonly allowedBy: InstanceId | undefined;
}

/** What an instance may see is decided here, as the database's functions decide it. */
export class InMemoryConnectionAttempts implements ConnectionAttempts, ConnectionReports, ConnectionAttemptRetention {
  readonly #rows = new Map<string, AttemptRow>();

  constructor(private readonly region: InMemoryRegion) {}

  list(instanceId: InstanceId, { verdict, after, limit }: AttemptQuery): Promise<readonly ConnectionAttempt[]> {
    return answered(() => {
      const all = this.#seenBy(instanceId).sort(latestFirst);
      const wanted = all.filter((attempt) => verdict === undefined || attempt.verdict === verdict);
      const rest =
        after === undefined
          ? wanted
          : wanted.filter((attempt) => latestFirst({ lastAt: after.at, id: after.id }, attempt) < 0);
      return rest.slice(0, limit);
    });
  }

  find(instanceId: InstanceId, id: string): Promise<ConnectionAttempt | undefined> {
    return answered(() => this.#seenBy(instanceId).find((attempt) => attempt.id === id));
  }

  lastAccepted(instanceId: InstanceId): Promise<ReadonlyMap<string, CertificateSighting>> {
    return answered(() => {
      const latest = new Map<string, CertificateSighting>();
      const accepted = this.#seenBy(instanceId).filter(({ verdict }) => verdict === 'accepted');
      for (const { certificate, lastAt: at, address, endpoint } of accepted.sort(latestFirst).toReversed())
        if (certificate !== undefined) latest.set(certificate.fingerprint, { at, address, endpoint });
      return latest;
    });
  }

  claimedRefusals(instanceId: InstanceId, claimId?: string): Promise<readonly ClaimedRefusals[]> {
    return answered(() => {
      const claims = this.#claimsOf(instanceId).filter(({ id }) => claimId === undefined || id === claimId);
      const found = claims.flatMap((claim) => this.#refusalsBy(claim));
      return found.sort((a, b) => b.lastAt.getTime() - a.lastAt.getTime() || (a.verdict < b.verdict ? -1 : 1));
    });
  }

  report(sightings: readonly CountedSighting[]): Promise<void> {
    return answered(() => {
      for (const sighting of sightings) this.#count(sighting);
    });
  }

  prune(before: Date, maximum: number): Promise<void> {
    return answered(() => {
      const strangers = ({ allowedBy }: AttemptRow) => Number(allowedBy === undefined);
      const kept = [...this.#rows]
        .filter(([, { attempt }]) => attempt.lastAt >= before)
        .sort(([, a], [, b]) => strangers(a) - strangers(b) || latestFirst(a.attempt, b.attempt))
        .slice(0, maximum);
      this.#rows.clear();
      for (const [likeness, row] of kept) this.#rows.set(likeness, row);
    });
  }

  endpointTrust(instanceId: InstanceId): Promise<ReadonlyMap<string, readonly EndpointTrust[]>> {
    return answered(() => {
      const latest = new Map<string, Map<string, EndpointTrust>>();
      for (const { verdict, certificate, endpoint, server } of this.#seenBy(instanceId)) {
        if (verdict !== 'accepted' || certificate === undefined || server === undefined) continue;
        const known = latest.get(certificate.fingerprint) ?? new Map<string, EndpointTrust>();
        latest.set(certificate.fingerprint, known);
        if ((known.get(endpoint)?.server.at ?? server.at) <= server.at) known.set(endpoint, { endpoint, server });
      }
      const byEndpoint = (one: EndpointTrust, other: EndpointTrust) => one.endpoint.localeCompare(other.endpoint);
      return new Map(Array.from(latest, ([print, known]) => [print, [...known.values()].sort(byEndpoint)]));
    });
  }

  #count({ at, instanceId, occurrences, ...seen }: CountedSighting): void {
    const likeness = JSON.stringify([
      seen.verdict,
      seen.address,
      seen.endpoint,
      seen.certificate?.fingerprint,
      instanceId,
    ]);
    const known = this.#rows.get(likeness)?.attempt;
    const attempt =
      known === undefined
        ? { ...seen, id: randomUUID(), occurrences, firstAt: at, lastAt: at }
        : {
            ...known,
            ...laterServer(known, seen),
            occurrences: known.occurrences + occurrences,
            lastAt: known.lastAt > at ? known.lastAt : at,
          };
    this.#rows.set(likeness, { attempt, allowedBy: instanceId });
  }

  #claimsOf(instanceId: InstanceId): readonly CertificateClaim[] {
    return [...(this.region.tenants.get(instanceId)?.claims.values() ?? [])];
  }

  /** Its own clients, and strangers whose fingerprint it has. */
  #seenBy(instanceId: InstanceId): ConnectionAttempt[] {
    const fingerprints = this.#claimsOf(instanceId).filter(({ kind }) => kind === 'fingerprint');
    return [...this.#rows.values()]
      .filter(({ attempt, allowedBy }) =>
        allowedBy === undefined ? fingerprints.some((claim) => fits(claim, attempt)) : allowedBy === instanceId,
      )
      .map(({ attempt }) => attempt);
  }

  #refusalsBy(claim: CertificateClaim): readonly ClaimedRefusals[] {
    const byVerdict = new Map<string, ClaimedRefusals>();
    for (const { attempt, allowedBy } of this.#rows.values()) {
      if (allowedBy !== undefined || !fits(claim, attempt)) continue;
      const { verdict, occurrences, lastAt } = attempt;
      const sum = byVerdict.get(verdict) ?? { claimId: claim.id, verdict, occurrences: 0, lastAt };
      const latest = sum.lastAt > lastAt ? sum.lastAt : lastAt;
      byVerdict.set(verdict, { ...sum, occurrences: sum.occurrences + occurrences, lastAt: latest });
    }
    return [...byVerdict.values()];
  }
}

function laterServer(
  known: Pick<ConnectionAttempt, 'server'>,
  { server }: Pick<ConnectionAttempt, 'server'>,
): Pick<ConnectionAttempt, 'server'> {
  return server === undefined || (known.server && known.server.at > server.at) ? {} : { server };
}

function fits({ kind, value }: CertificateClaim, { certificate, address }: ConnectionAttempt): boolean {
  switch (kind) {
    case 'fingerprint':
      return value === certificate?.fingerprint || value === certificate?.sha1Fingerprint;
    case 'subject':
      return value === certificate?.subject;
    case 'address_range':
      return isWithin(value, address);
  }
}

function isWithin(range: string, address: string): boolean {
  const family = (text: string) => (isIPv6(text) ? 'ipv6' : 'ipv4');
  const [base = '', bits] = range.split('/');
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family(base));
  return family(base) === family(address) && list.check(address, family(address));
}

function latestFirst(a: Pick<ConnectionAttempt, 'lastAt' | 'id'>, b: Pick<ConnectionAttempt, 'lastAt' | 'id'>): number {
  return b.lastAt.getTime() - a.lastAt.getTime() || (a.id > b.id ? -1 : 1);
}
