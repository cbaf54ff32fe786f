import { type CertificateFingerprint } from '@lib/kernel';
import { type ClientCertificate, type ClientCertificateRepository, omit, TenancyError } from '@lib/tenancy';

import { type OpenTransaction } from '../region/in-memory-region';
import { answered, type StandingRow } from '../region/tenant-rows';
import { standingsOf } from './in-memory-standings';

const WEEK_MS = 7 * 86_400_000;

/** With each insert and removal the certificate's standings follow, as the database's trigger lets them. */
export class InMemoryClientCertificates implements ClientCertificateRepository {
  constructor(private readonly transaction: OpenTransaction) {}

  list(): Promise<readonly ClientCertificate[]> {
    return answered(() => this.#all().sort((a, b) => (a.name < b.name ? -1 : 1)));
  }

  count(): Promise<number> {
    return answered(() => this.#all().length);
  }

  fingerprints(): Promise<ReadonlySet<CertificateFingerprint>> {
    return answered(() => new Set(this.#all().map(({ fingerprint }) => fingerprint)));
  }

  get(id: string): Promise<ClientCertificate | undefined> {
    return answered(() => this.transaction.rows.certificates.get(id));
  }

  getByFingerprint(fingerprint: CertificateFingerprint): Promise<ClientCertificate | undefined> {
    return answered(() => this.#all().find((certificate) => certificate.fingerprint === fingerprint));
  }

  insert(certificate: ClientCertificate): Promise<void> {
    return answered(() => {
      if (this.#all().some(({ fingerprint }) => fingerprint === certificate.fingerprint))
        throw new TenancyError('duplicate_certificate', 'the instance has registered this certificate already');
      this.#requireNameFree(certificate);
      this.#requireNotIssuedElsewhere(certificate);
      this.transaction.rows.certificates.set(certificate.id, certificate);
      this.#establishFirst(certificate);
      this.#beginStanding(certificate);
    });
  }

  update({ id, name, updatedAt, revision }: ClientCertificate): Promise<void> {
    return answered(() => {
      const { certificates } = this.transaction.rows;
      const current = certificates.get(id);
      if (current === undefined) return;
      this.#requireNameFree({ id, name });
      certificates.set(id, { ...current, name, updatedAt, revision });
    });
  }

  remove(id: string): Promise<void> {
    return answered(() => this.#remove(id));
  }

  removeAll(): Promise<void> {
    return answered(() => {
      for (const { id } of this.#all()) this.#remove(id);
    });
  }

  #all(): ClientCertificate[] {
    return [...this.transaction.rows.certificates.values()];
  }

  #requireNameFree({ id, name }: Pick<ClientCertificate, 'id' | 'name'>): void {
    if (this.#all().some((other) => other.name === name && other.id !== id))
      throw new TenancyError('certificate_name_taken', 'the instance has a certificate of that name already');
  }

  #requireNotIssuedElsewhere({ fingerprint }: ClientCertificate): void {
    const { tenants, instanceId, rows } = this.transaction;
    const own = rows.standings.get(fingerprint);
    if (own?.issued === true || own?.proof?.kind === 'hand_over') return;
    if (standingsOf(tenants, fingerprint).some(([id, { issued }]) => issued && id !== instanceId))
      throw new TenancyError('certificate_issued_elsewhere', 'this certificate was made for another instance');
  }

  /** The first that registers what another one has alone: from now on that one's past cannot change any more. */
  #establishFirst({ fingerprint }: ClientCertificate): void {
    const { tenants, instanceId, storeOf, clock, notice } = this.transaction;
    const [first, ...more] = standingsOf(tenants, fingerprint);
    if (first === undefined || more.length > 0) return;
    const [owner, standing] = first;
    if (owner === instanceId || standing.establishedAt !== undefined) return;
    const inUse = storeOf(owner)
      .objects()
      .some(
        ({ createdBy, initialDate, lastFetchedAt }) =>
          createdBy === fingerprint && Number(lastFetchedAt ?? 0) >= initialDate.getTime() + WEEK_MS,
      );
    if (!inUse) return;
    tenants.get(owner)?.standings.set(fingerprint, { ...standing, establishedAt: clock.now() });
    notice(owner);
  }

  #beginStanding({ fingerprint, notAfter, createdAt: registeredAt }: ClientCertificate): void {
    const { standings, instance } = this.transaction.rows;
    if (instance === undefined) throw new Error('there is no instance to register a certificate in');
    const { accountId } = instance;
    const standing: StandingRow = standings.get(fingerprint) ?? { accountId, notAfter, issued: false, registeredAt };
    standings.set(fingerprint, { ...omit(standing, 'removedAt'), registeredAt });
  }

  #remove(id: string): void {
    const { rows, clock } = this.transaction;
    const certificate = rows.certificates.get(id);
    if (certificate === undefined) return;
    rows.certificates.delete(id);
    const { fingerprint } = certificate;
    const standing = rows.standings.get(fingerprint);
    if (standing === undefined) return;
    if (standing.notAfter < clock.now()) rows.standings.delete(fingerprint);
    else rows.standings.set(fingerprint, { ...standing, removedAt: clock.now() });
  }
}
