import { type AuditEvent } from '@lib/audit';
import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { type AllReclaimStores, type KeyInventory, type QuarantinedKey, type ReclaimStore } from '@lib/kmip-engine';
import { type DataSource } from 'typeorm';

import { TenantTransactions } from '../database/transactions';

interface InventoryRow {
  readonly taken_at: Date;
  readonly uploaded_at: Date;
  readonly uploaded_by: string;
  readonly source: string;
  readonly key_ids: readonly string[];
  readonly covered_certificates: readonly string[];
  readonly certificates_without_keys: readonly string[];
}

interface QuarantineRow {
  readonly id: UniqueIdentifier;
  readonly since: Date;
  readonly put_by: string;
  readonly suspended_before: boolean;
}

const INVENTORY = `SELECT taken_at, uploaded_at, uploaded_by, source, key_ids, covered_certificates,
  certificates_without_keys FROM key_inventories WHERE instance_id = $1`;
const SET_INVENTORY = `INSERT INTO key_inventories (instance_id, taken_at, uploaded_at, uploaded_by, source, key_ids,
    covered_certificates, certificates_without_keys)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (instance_id) DO UPDATE SET taken_at = EXCLUDED.taken_at, uploaded_at = EXCLUDED.uploaded_at,
    uploaded_by = EXCLUDED.uploaded_by, source = EXCLUDED.source, key_ids = EXCLUDED.key_ids,
    covered_certificates = EXCLUDED.covered_certificates,
    certificates_without_keys = EXCLUDED.certificates_without_keys`;
const QUARANTINED = 'SELECT id, since, put_by, suspended_before FROM quarantined_keys WHERE instance_id = $1';
const RELEASE = 'DELETE FROM quarantined_keys WHERE instance_id = $1 AND id = $2';

/** What is known of keys that may not be needed, in a region; hands out that of an instance. */
export class PostgresReclaimStores implements AllReclaimStores {
  private readonly transactions: TenantTransactions;

  constructor(dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource, 'lists');
  }

  forInstance(instanceId: InstanceId): ReclaimStore {
    return new InstanceReclaim(this.transactions, instanceId);
  }
}

class InstanceReclaim implements ReclaimStore {
  constructor(
    private readonly transactions: TenantTransactions,
    private readonly instanceId: InstanceId,
  ) {}

  async inventory(): Promise<KeyInventory | undefined> {
    const [row] = await this.#select<InventoryRow>(INVENTORY);
    if (row === undefined) return undefined;
    return {
      takenAt: row.taken_at,
      uploadedAt: row.uploaded_at,
      uploadedBy: row.uploaded_by,
      source: row.source,
      keyIds: row.key_ids,
      coveredCertificates: row.covered_certificates,
      certificatesWithoutKeys: row.certificates_without_keys,
    };
  }

  async setInventory(inventory: KeyInventory, audit: AuditEvent): Promise<void> {
    const { takenAt, uploadedAt, uploadedBy, source, keyIds } = inventory;
    const { coveredCertificates, certificatesWithoutKeys } = inventory;
    await this.transactions.run(this.instanceId, async (transaction) => {
      await transaction.client.query(SET_INVENTORY, [
        this.instanceId,
        takenAt,
        uploadedAt,
        uploadedBy,
        source,
        JSON.stringify(keyIds),
        coveredCertificates,
        certificatesWithoutKeys,
      ]);
      await transaction.appendAudit([audit]);
    });
  }

  async quarantined(): Promise<readonly QuarantinedKey[]> {
    return (await this.#select<QuarantineRow>(`${QUARANTINED} ORDER BY id`)).map(quarantined);
  }

  quarantine(key: QuarantinedKey, anew: boolean): Promise<QuarantinedKey> {
    const { id, since, putBy, suspendedBefore } = key;
    return this.transactions.run(this.instanceId, async ({ client }) => {
      if (anew) await client.query(RELEASE, [this.instanceId, id]);
      await client.query(
        `INSERT INTO quarantined_keys (instance_id, id, since, put_by, suspended_before) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT DO NOTHING`,
        [this.instanceId, id, since, putBy, suspendedBefore],
      );
      const [row] = (await client.query<QuarantineRow>(`${QUARANTINED} AND id = $2`, [this.instanceId, id])).rows;
      return row === undefined ? key : quarantined(row);
    });
  }

  async release(id: UniqueIdentifier): Promise<void> {
    await this.transactions.run(this.instanceId, ({ client }) => client.query(RELEASE, [this.instanceId, id]));
  }

  #select<Row extends object>(sql: string): Promise<readonly Row[]> {
    return this.transactions.look(this.instanceId, async ({ client }) => {
      return (await client.query<Row>(sql, [this.instanceId])).rows;
    });
  }
}

const quarantined = ({
  id,
  since,
  put_by: putBy,
  suspended_before: suspendedBefore,
}: QuarantineRow): QuarantinedKey => ({ id, since, putBy, suspendedBefore });
