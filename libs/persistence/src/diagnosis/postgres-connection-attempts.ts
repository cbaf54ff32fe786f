import { createHash } from 'node:crypto';

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
  type PresentedCertificate,
  type RegionTrust,
} from '@lib/diagnosis';
import { type InstanceId, isUuid } from '@lib/kernel';
import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';
import { TenantTransactions } from '../database/transactions';

interface AttemptRow {
  readonly id: string;
  readonly verdict: string;
  readonly address: string;
  readonly endpoint: string;
  readonly fingerprint_sha256: string | null;
  readonly fingerprint_sha1: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly serial_number: string | null;
  readonly not_before: Date | null;
  readonly not_after: Date | null;
  readonly pem: string | null;
  readonly server_certificate: string | null;
  readonly server_certificate_at: Date | null;
  readonly occurrences: string;
  readonly first_at: Date;
  readonly last_at: Date;
}

interface TrustRow {
  readonly instance_id: string;
  readonly instance_name: string;
  readonly certificate_name: string;
  readonly server_certificate: string | null;
  readonly server_certificate_at: Date | null;
  readonly last_at: Date;
}

interface RefusalsRow {
  readonly claim_id: string;
  readonly verdict: string;
  readonly occurrences: string;
  readonly last_at: Date;
}

/** `host()` leaves out the prefix length that Postgres shows with an address. */
const COLUMNS = `id, verdict, host(address) AS address, endpoint, fingerprint_sha256, fingerprint_sha1, subject, issuer,
  serial_number, not_before, not_after, pem, server_certificate, server_certificate_at, occurrences, first_at, last_at`;

/** Connection attempts of the region. What an instance may see of them is decided in the database. */
export class PostgresConnectionAttempts implements ConnectionAttempts, ConnectionReports, ConnectionAttemptRetention {
  private readonly transactions: TenantTransactions;

  constructor(private readonly dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource);
  }

  async list(instanceId: InstanceId, { verdict, after, limit }: AttemptQuery): Promise<readonly ConnectionAttempt[]> {
    const text = `SELECT ${COLUMNS} FROM tenant_connection_attempts()
      WHERE ($1::text IS NULL OR verdict = $1) AND ($2::timestamptz IS NULL OR (last_at, id) < ($2, $3::uuid))
      ORDER BY last_at DESC, id DESC LIMIT $4`;
    const rows = await this.select<AttemptRow>(instanceId, text, [
      verdict ?? null,
      after?.at ?? null,
      after?.id ?? null,
      limit,
    ]);
    return rows.map(toAttempt);
  }

  async find(instanceId: InstanceId, id: string): Promise<ConnectionAttempt | undefined> {
    if (!isUuid(id)) return undefined;
    const text = `SELECT ${COLUMNS} FROM tenant_connection_attempts() WHERE id = $1`;
    const [row] = await this.select<AttemptRow>(instanceId, text, [id]);
    return row && toAttempt(row);
  }

  async lastAccepted(instanceId: InstanceId): Promise<ReadonlyMap<string, CertificateSighting>> {
    const text = `SELECT DISTINCT ON (fingerprint_sha256) ${COLUMNS} FROM tenant_connection_attempts()
      WHERE verdict = 'accepted' AND fingerprint_sha256 IS NOT NULL ORDER BY fingerprint_sha256, last_at DESC`;
    const rows = await this.select<AttemptRow>(instanceId, text, []);
    return new Map(
      rows.map((row) => [
        row.fingerprint_sha256 ?? '',
        { at: row.last_at, address: row.address, endpoint: row.endpoint },
      ]),
    );
  }

  async endpointTrust(instanceId: InstanceId): Promise<ReadonlyMap<string, readonly EndpointTrust[]>> {
    const text = `SELECT DISTINCT ON (fingerprint_sha256, endpoint) ${COLUMNS} FROM tenant_connection_attempts()
      WHERE verdict = 'accepted' AND fingerprint_sha256 IS NOT NULL AND server_certificate IS NOT NULL
      ORDER BY fingerprint_sha256, endpoint, server_certificate_at DESC`;
    const found = new Map<string, EndpointTrust[]>();
    for (const row of await this.select<AttemptRow>(instanceId, text, [])) {
      const { endpoint, fingerprint_sha256: client, server } = { ...row, ...serverOf(row) };
      if (client !== null && server !== undefined)
        found.set(client, [...(found.get(client) ?? []), { endpoint, server }]);
    }
    return found;
  }

  async claimedRefusals(instanceId: InstanceId, claimId?: string): Promise<readonly ClaimedRefusals[]> {
    const text =
      'SELECT claim_id, verdict, occurrences, last_at FROM claimed_refusals($1) ORDER BY last_at DESC, verdict';
    const rows = await this.select<RefusalsRow>(instanceId, text, [claimId ?? null]);
    return rows.map((row) => ({
      claimId: row.claim_id,
      verdict: row.verdict,
      occurrences: Number(row.occurrences),
      lastAt: row.last_at,
    }));
  }

  /** Across tenants: for the operator alone, who renews the certificate that all of them see. */
  async regionTrust(endpoint: string): Promise<readonly RegionTrust[]> {
    const rows = await regionQuery<TrustRow>(this.dataSource, 'SELECT * FROM directory_server_trust($1)', [endpoint]);
    return rows.map((row) => ({
      instanceId: row.instance_id,
      instanceName: row.instance_name,
      certificateName: row.certificate_name,
      ...serverOf(row),
      lastAt: row.last_at,
    }));
  }

  async report(sightings: readonly CountedSighting[]): Promise<void> {
    const attempts = JSON.stringify(sightings.map(toReport));
    await regionQuery(this.dataSource, 'SELECT report_connection_attempts($1::jsonb)', [attempts]);
  }

  async prune(before: Date, maximum: number): Promise<void> {
    await regionQuery(this.dataSource, 'SELECT prune_connection_attempts($1, $2)', [before, maximum]);
  }

  private select<T extends object>(instanceId: InstanceId, text: string, values: unknown[]): Promise<T[]> {
    return this.transactions.run(instanceId, async ({ client }) => (await client.query<T>(text, values)).rows);
  }
}

function toReport(sighting: CountedSighting): object {
  const { verdict, address, endpoint, at, certificate, server, instanceId, occurrences } = sighting;
  const same = JSON.stringify([verdict, address, endpoint, certificate?.fingerprint, instanceId]);
  return {
    likeness: createHash('sha256').update(same).digest('hex'),
    verdict,
    address,
    endpoint,
    occurrences,
    at: at.toISOString(),
    allowed_by: instanceId,
    ...(server && { server_certificate: server.fingerprint, server_certificate_at: server.at.toISOString() }),
    ...(certificate && {
      fingerprint: certificate.fingerprint,
      sha1_fingerprint: certificate.sha1Fingerprint,
      subject: printable(certificate.subject),
      issuer: printable(certificate.issuer),
      serial_number: certificate.serialNumber,
      not_before: storable(certificate.notBefore),
      not_after: storable(certificate.notAfter),
      pem: certificate.pem,
    }),
  };
}

/**
 * A stranger chooses its name: length is bounded, and what JSON in Postgres cannot hold is replaced, also half a character
 * that the bound leaves. One sighting that is refused would take with it all that are written at once.
 */
const printable = (text: string): string => text.slice(0, 4_000).replaceAll(/[\0\p{Cs}]/gu, '\uFFFD');

const [FIRST_DATE, LAST_DATE] = ['0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'].map(Date.parse) as [
  number,
  number,
];

/** And its dates, or what stands for one that cannot be read: Postgres has no year 0, and none of six digits in ISO 8601. */
const storable = (date: Date): string =>
  new Date(Math.min(Math.max(date.getTime(), FIRST_DATE), LAST_DATE)).toISOString();

function toAttempt(row: AttemptRow): ConnectionAttempt {
  const certificate = certificateOf(row);
  return {
    id: row.id,
    verdict: row.verdict,
    address: row.address,
    endpoint: row.endpoint,
    ...(certificate && { certificate }),
    ...serverOf(row),
    occurrences: Number(row.occurrences),
    firstAt: row.first_at,
    lastAt: row.last_at,
  };
}

function serverOf({
  server_certificate: fingerprint,
  server_certificate_at: at,
}: Pick<AttemptRow, 'server_certificate' | 'server_certificate_at'>): Pick<ConnectionAttempt, 'server'> {
  return fingerprint === null || at === null ? {} : { server: { fingerprint, at } };
}

function certificateOf(row: AttemptRow): PresentedCertificate | undefined {
  const { fingerprint_sha256: fingerprint, not_before: notBefore, not_after: notAfter } = row;
  if (fingerprint === null || notBefore === null || notAfter === null) return undefined;
  return {
    fingerprint,
    sha1Fingerprint: row.fingerprint_sha1 ?? '',
    subject: row.subject ?? '',
    issuer: row.issuer ?? '',
    serialNumber: row.serial_number ?? '',
    notBefore,
    notAfter,
    pem: row.pem ?? '',
  };
}
