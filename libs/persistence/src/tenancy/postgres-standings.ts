import { type CertificateFingerprint, isUuid } from '@lib/kernel';
import { type Proof, type Standing, type StandingRepository } from '@lib/tenancy';

import { type Transaction } from '../database/transactions';
import { type StandingRow, toStanding } from './registration.mapper';

export class PostgresStandings implements StandingRepository {
  constructor(private readonly transaction: Transaction) {}

  async get(fingerprint: CertificateFingerprint): Promise<Standing | undefined> {
    const [row] = await this.query<StandingRow>(
      `SELECT registered_at, issued, proof, proven_at, established_at, recognized_at
        FROM certificate_standings WHERE instance_id = $1 AND fingerprint_sha256 = $2`,
      [fingerprint],
    );
    return row && toStanding(row);
  }

  async prove(fingerprint: CertificateFingerprint, { kind, at }: Proof): Promise<void> {
    await this.update('proof = $3, proven_at = $4', fingerprint, [kind, at]);
  }

  async setIssued(fingerprint: CertificateFingerprint, issued: boolean): Promise<void> {
    await this.update('issued = $3', fingerprint, [issued]);
  }

  async recognize(fingerprint: CertificateFingerprint, uniqueIdentifier: string): Promise<boolean> {
    if (!isUuid(uniqueIdentifier)) return false;
    const text = 'SELECT recognize_certificate($1, $2, $3) AS new';
    const [row] = await this.query<{ new: boolean }>(text, [fingerprint, uniqueIdentifier]);
    return row?.new === true;
  }

  async countKeysElsewhere(fingerprint: CertificateFingerprint): Promise<number> {
    const { rows } = await this.transaction.client.query<{ count: string }>(
      'SELECT count_keys_elsewhere($1) AS count',
      [fingerprint],
    );
    return Number(rows[0]?.count ?? 0);
  }

  private async update(change: string, fingerprint: CertificateFingerprint, values: readonly unknown[]): Promise<void> {
    const text = `UPDATE certificate_standings SET ${change} WHERE instance_id = $1 AND fingerprint_sha256 = $2`;
    await this.query(text, [fingerprint, ...values]);
  }

  private async query<T extends object>(text: string, values: readonly unknown[]): Promise<T[]> {
    const { client, instanceId } = this.transaction;
    return (await client.query<T>(text, [instanceId, ...values])).rows;
  }
}
