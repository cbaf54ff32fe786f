import { type AuditEvent } from '@lib/audit';
import { type InstanceId, isUuid } from '@lib/kernel';
import {
  type AllShredPlans,
  type CountedShredPlan,
  type ShredPlan,
  type ShredPlanChange,
  type ShredPlans,
  type ShredRecord,
  type WholeShredPlan,
} from '@lib/kmip-engine';
import { omit } from '@lib/tenancy';
import { type DataSource } from 'typeorm';

import { type Transaction, TenantTransactions } from '../database/transactions';

interface CountedRow {
  readonly state: ShredPlan['state'];
  readonly document: Omit<ShredPlan, 'state'>;
  readonly key_count: number;
  readonly shown_count: number;
}

interface WholeRow extends Pick<CountedRow, 'state' | 'document'> {
  readonly keys: WholeShredPlan['keys'];
  readonly shown: WholeShredPlan['shown'];
  readonly record: ShredRecord | null;
}

/** Not one of their keys is read: a plan has thousands. */
const COUNTED = `SELECT state, document, key_count, shown_count FROM shred_plans WHERE instance_id = $1 ORDER BY id`;
const WHOLE = 'SELECT state, document, keys, shown, record FROM shred_plans WHERE instance_id = $1 AND id = $2';
const CHANGE = `UPDATE shred_plans SET state = $4, document = $5, shown = shown || $6, record = coalesce($7, record)
  WHERE instance_id = $1 AND id = $2 AND state = ANY ($3)`;

/** The shred plans of a region; hands out those of an instance. */
export class PostgresShredPlans implements AllShredPlans {
  private readonly transactions: TenantTransactions;

  constructor(dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource, 'lists');
  }

  forInstance(instanceId: InstanceId): ShredPlans {
    return new InstanceShredPlans(this.transactions, instanceId);
  }
}

class InstanceShredPlans implements ShredPlans {
  constructor(
    private readonly transactions: TenantTransactions,
    private readonly instanceId: InstanceId,
  ) {}

  list(): Promise<readonly CountedShredPlan[]> {
    return this.transactions.look(this.instanceId, async ({ client }) => {
      const { rows } = await client.query<CountedRow>(COUNTED, [this.instanceId]);
      return rows.map(({ state, document, key_count: keyCount, shown_count: shownCount }) => ({
        ...document,
        state,
        keyCount,
        shownCount,
      }));
    });
  }

  async find(id: string): Promise<WholeShredPlan | undefined> {
    if (!isUuid(id)) return undefined;
    return this.transactions.look(this.instanceId, async ({ client }) => {
      const [row] = (await client.query<WholeRow>(WHOLE, [this.instanceId, id])).rows;
      if (row === undefined) return undefined;
      const { state, document, keys, shown, record } = row;
      return { ...document, state, keys, shown, ...(record !== null && { record }) };
    });
  }

  add(plan: WholeShredPlan, maximum: number, audit: AuditEvent): Promise<boolean> {
    const { keys, shown } = plan;
    return this.#run(audit, async ({ client }) => {
      // Two at the same time would both count the same.
      await client.query('SELECT 1 FROM instances WHERE id = $1 FOR NO KEY UPDATE', [this.instanceId]);
      const { rowCount } = await client.query(
        `INSERT INTO shred_plans (instance_id, id, state, document, keys, shown)
          SELECT $1, $2, $3, $4, $5, $6
          WHERE (SELECT count(*) FROM shred_plans WHERE instance_id = $1) < $7`,
        [this.instanceId, plan.id, plan.state, documentOf(plan), JSON.stringify(keys), JSON.stringify(shown), maximum],
      );
      return rowCount === 1;
    });
  }

  change(from: readonly ShredPlan['state'][], { plan, shown = {}, record, audit }: ShredPlanChange): Promise<boolean> {
    return this.#run(audit, async ({ client }) => {
      const { rowCount } = await client.query(CHANGE, [
        this.instanceId,
        plan.id,
        from,
        plan.state,
        documentOf(plan),
        JSON.stringify(shown),
        record === undefined ? null : JSON.stringify(record),
      ]);
      return rowCount === 1;
    });
  }

  remove(id: string, from: readonly ShredPlan['state'][], audit: AuditEvent): Promise<boolean> {
    return this.#run(audit, async ({ client }) => {
      const sql = 'DELETE FROM shred_plans WHERE instance_id = $1 AND id = $2 AND state = ANY ($3)';
      return (await client.query(sql, [this.instanceId, id, from])).rowCount === 1;
    });
  }

  #run(audit: AuditEvent | undefined, work: (transaction: Transaction) => Promise<boolean>): Promise<boolean> {
    return this.transactions.run(this.instanceId, async (transaction) => {
      const done = await work(transaction);
      if (done && audit !== undefined) await transaction.appendAudit([audit]);
      return done;
    });
  }
}

/** All of it that stays small; what has a column of its own is not in it. */
function documentOf(plan: ShredPlan & Partial<WholeShredPlan>): string {
  return JSON.stringify(omit(plan, 'state', 'keys', 'shown', 'record'));
}
