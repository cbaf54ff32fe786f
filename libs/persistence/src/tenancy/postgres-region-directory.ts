import { type CertificateFingerprint, type InstanceId, isUuid, toFingerprint, toInstanceId } from '@lib/kernel';
import {
  type Instance,
  type InstancePage,
  type KmipCredential,
  type Listing,
  type RegionChanges,
  type RegionDirectory,
  type Registrations,
} from '@lib/tenancy';
import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';
import { instanceColumns, type InstanceRow, toInstance } from './postgres-instance';
import { type RegistrationRow, toRegistrations } from './registration.mapper';

interface KmipCredentialRow {
  readonly instance_id: string;
  readonly id: string;
  readonly password_hmac: Buffer;
  readonly service_key_version: number;
}

/** As a row of `directory_changes`; one without an instance says where the database stands. */
interface ChangeRow {
  readonly instance_id: string | null;
  readonly version: string | null;
  /** The oldest transaction that was under way: whatever it or a later one changes was not seen yet. */
  readonly next_since: string;
  /** When the server was started: a standby or a backup that takes over counts its own transactions. */
  readonly server: string;
}

/** No transaction has this number. */
const NEVER = '9223372036854775807';

/** Asks through the database's directory functions, the only way past the tenants' separation. */
export class PostgresRegionDirectory implements RegionDirectory {
  constructor(private readonly dataSource: DataSource) {}

  async listing(instanceIds: readonly InstanceId[]): Promise<Listing> {
    if (instanceIds.length === 0) return { current: [], former: [], credentials: [] };
    const of = async <T>(what: 'registrations' | 'kmip_credentials'): Promise<readonly T[]> =>
      regionQuery<T>(this.dataSource, `SELECT * FROM directory_${what}_of($1)`, [instanceIds]);
    const registrations = toRegistrations(await of<RegistrationRow>('registrations'));
    return { ...registrations, credentials: (await of<KmipCredentialRow>('kmip_credentials')).map(toCredential) };
  }

  async nextListing({ after, limit }: Omit<InstancePage, 'accountId'>): Promise<Listing & { last?: InstanceId }> {
    const sql = 'SELECT id FROM directory_listed_instances($1, $2)';
    const rows = await regionQuery<{ id: string }>(this.dataSource, sql, [after ?? null, limit]);
    const ids = rows.map(({ id }) => toInstanceId(id));
    const last = ids.length === limit ? ids.at(-1) : undefined;
    return { ...(await this.listing(ids)), ...(last && { last }) };
  }

  async registrations(instanceId?: InstanceId): Promise<Registrations> {
    const sql = 'SELECT * FROM directory_registrations($1)';
    return toRegistrations(await regionQuery<RegistrationRow>(this.dataSource, sql, [instanceId ?? null]));
  }

  async registrants(
    fingerprints: readonly CertificateFingerprint[],
  ): Promise<ReadonlyMap<CertificateFingerprint, Registrations>> {
    const sql = 'SELECT * FROM directory_registrants($1)';
    const rows = await regionQuery<RegistrationRow>(this.dataSource, sql, [fingerprints]);
    const found = new Set(rows.map(({ fingerprint }) => toFingerprint(fingerprint)));
    const of = (fingerprint: CertificateFingerprint) => rows.filter((row) => row.fingerprint === fingerprint);
    return new Map([...found].map((fingerprint) => [fingerprint, toRegistrations(of(fingerprint))]));
  }

  async proofRequiredSince(begin: boolean): Promise<Date | undefined> {
    const sql = 'SELECT proof_required_since($1) AS since';
    const [row] = await regionQuery<{ since: Date | null }>(this.dataSource, sql, [begin]);
    return row?.since ?? undefined;
  }

  async kmipCredentials(instanceId?: InstanceId): Promise<readonly KmipCredential[]> {
    const sql = 'SELECT * FROM directory_kmip_credentials($1)';
    const rows = await regionQuery<KmipCredentialRow>(this.dataSource, sql, [instanceId ?? null]);
    return rows.map(toCredential);
  }

  async changes(since?: string): Promise<RegionChanges> {
    const [knownServer, known = NEVER] = since?.split('/') ?? [];
    const sql = `SELECT instance_id, version, next_since, extract(epoch FROM pg_postmaster_start_time())::text AS server
      FROM directory_changes($1)`;
    const rows = await regionQuery<ChangeRow>(this.dataSource, sql, [known]);
    const [first] = rows;
    if (first === undefined) throw new Error('the database has no snapshot');
    const named = rows.flatMap(({ instance_id: id, version }) =>
      id === null || version === null ? [] : [[toInstanceId(id), version] as const],
    );
    const isSame = first.server === knownServer && BigInt(first.next_since) >= BigInt(known);
    return {
      instances: new Map(named),
      next: `${first.server}/${first.next_since}`,
      continuous: since === undefined || isSame,
    };
  }

  async pruneStandings(): Promise<void> {
    await regionQuery(this.dataSource, 'SELECT prune_certificate_standings()', []);
  }

  async holders(
    fingerprint: CertificateFingerprint,
    uniqueIdentifier: string,
  ): Promise<readonly { readonly instanceId: InstanceId; readonly own: boolean }[]> {
    if (!isUuid(uniqueIdentifier)) return [];
    const sql = 'SELECT instance_id, own FROM directory_holders($1, $2)';
    const rows = await regionQuery<{ instance_id: string; own: boolean }>(this.dataSource, sql, [
      fingerprint,
      uniqueIdentifier,
    ]);
    return rows.map((row) => ({ instanceId: toInstanceId(row.instance_id), own: row.own }));
  }

  async instances(page: InstancePage): Promise<readonly InstanceId[]> {
    const rows = await regionQuery<{ id: string }>(this.dataSource, 'SELECT id FROM directory_instances($1, $2, $3)', [
      page.accountId ?? null,
      page.after ?? null,
      page.limit,
    ]);
    return rows.map(({ id }) => toInstanceId(id));
  }

  /**
   * Those with work that no client asks for, in the order of ids. A creation or a move counts as interrupted when it was
   * begun before `staleBefore`.
   */
  async unsettledInstances(
    { after, limit }: Omit<InstancePage, 'accountId'>,
    staleBefore: Date,
  ): Promise<readonly InstanceId[]> {
    const sql = 'SELECT id FROM directory_unsettled_instances($1, $2, $3)';
    const rows = await regionQuery<{ id: string }>(this.dataSource, sql, [staleBefore, after ?? null, limit]);
    return rows.map(({ id }) => toInstanceId(id));
  }

  /** Those with a root key, in the order of ids. */
  async boundInstances({ after, limit }: Omit<InstancePage, 'accountId'>): Promise<readonly InstanceId[]> {
    const sql = 'SELECT id FROM directory_bound_instances($1, $2)';
    const rows = await regionQuery<{ id: string }>(this.dataSource, sql, [after ?? null, limit]);
    return rows.map(({ id }) => toInstanceId(id));
  }

  /** Those with a root key of which a test is due. */
  async untestedInstances(
    { after, limit }: Omit<InstancePage, 'accountId'>,
    now: Date,
  ): Promise<readonly InstanceId[]> {
    const sql = 'SELECT id FROM directory_untested_instances($1, $2, $3)';
    const rows = await regionQuery<{ id: string }>(this.dataSource, sql, [now, after ?? null, limit]);
    return rows.map(({ id }) => toInstanceId(id));
  }

  async wholeInstances({ accountId, after, limit }: InstancePage): Promise<readonly Instance[]> {
    const sql = `SELECT ${instanceColumns(this.dataSource)} FROM directory_whole_instances($1, $2, $3)`;
    const values = [accountId ?? null, after ?? null, limit];
    return (await regionQuery<InstanceRow>(this.dataSource, sql, values)).map(toInstance);
  }

  async outdatedCredentials(serviceKeyVersion: number, limit: number): Promise<readonly InstanceId[]> {
    const sql = 'SELECT instance_id FROM directory_outdated_credentials($1, $2)';
    const rows = await regionQuery<{ instance_id: string }>(this.dataSource, sql, [serviceKeyVersion, limit]);
    return rows.map((row) => toInstanceId(row.instance_id));
  }
}

const toCredential = (row: KmipCredentialRow): KmipCredential => ({
  instanceId: toInstanceId(row.instance_id),
  id: row.id,
  passwordHmac: row.password_hmac,
  serviceKeyVersion: row.service_key_version,
});
