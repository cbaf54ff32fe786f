import { type InstanceId, toFingerprint, toInstanceId } from '@lib/kernel';
import { type DirectoryEntry, type InstanceState, type RegionDirectory } from '@lib/tenancy';
import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';

interface CertificateRow {
  readonly fingerprint: string;
  readonly certificate_id: string;
  readonly certificate_name: string;
  readonly instance_id: string;
  readonly not_before: Date;
  readonly not_after: Date;
  readonly instance_enabled: boolean;
  readonly instance_state: InstanceState;
  readonly maximum_keys: number;
}

/** Asks through the database's directory functions, the only way past the tenants' separation. */
export class PostgresRegionDirectory implements RegionDirectory {
  constructor(private readonly dataSource: DataSource) {}

  async certificates(instanceId?: InstanceId): Promise<readonly DirectoryEntry[]> {
    const sql = 'SELECT * FROM directory_certificates($1)';
    const rows = await regionQuery<CertificateRow>(this.dataSource, sql, [instanceId ?? null]);
    return rows.map((row) => ({
      fingerprint: toFingerprint(row.fingerprint),
      certificateId: row.certificate_id,
      certificateName: row.certificate_name,
      notBefore: row.not_before,
      notAfter: row.not_after,
      instanceId: toInstanceId(row.instance_id),
      instanceEnabled: row.instance_enabled,
      instanceState: row.instance_state,
      maximumKeys: row.maximum_keys,
    }));
  }

  async instances(page: { accountId?: string; after?: InstanceId; limit: number }): Promise<readonly InstanceId[]> {
    const rows = await regionQuery<{ id: string }>(this.dataSource, 'SELECT id FROM directory_instances($1, $2, $3)', [
      page.accountId ?? null,
      page.after ?? null,
      page.limit,
    ]);
    return rows.map(({ id }) => toInstanceId(id));
  }

  async outdatedCredentials(serviceKeyVersion: number, limit: number): Promise<readonly InstanceId[]> {
    const sql = 'SELECT instance_id FROM directory_outdated_credentials($1, $2)';
    const rows = await regionQuery<{ instance_id: string }>(this.dataSource, sql, [serviceKeyVersion, limit]);
    return rows.map((row) => toInstanceId(row.instance_id));
  }
}
