import { type InstanceId, toInstanceId } from '@lib/kernel';
import { type Instance, type InstanceRepository, TenancyError } from '@lib/tenancy';
import { type DataSource, type EntityManager } from 'typeorm';

import { type Columns } from '../database/columns';
import { violatedConstraint } from '../database/persistence.error';
import { InstanceEntity } from '../entities/instance.entity';

export type InstanceRow = Columns<InstanceEntity>;

export class PostgresInstance implements InstanceRepository {
  constructor(
    private readonly manager: EntityManager,
    private readonly instanceId: InstanceId,
  ) {}

  async get(): Promise<Instance | undefined> {
    const row = await this.manager.findOneBy(InstanceEntity, { id: this.instanceId });
    return row === null ? undefined : toInstance(row);
  }

  async lock(): Promise<Instance | undefined> {
    // Not FOR UPDATE: that would also hold up every key that is being created, through its foreign key.
    await this.manager.query('SELECT 1 FROM instances WHERE id = $1 FOR NO KEY UPDATE', [this.instanceId]);
    return this.get();
  }

  async countInAccount(accountId: string): Promise<number> {
    // Statements after it see what whoever had the lock has committed.
    await this.manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('instances of ' || $1, 0))`, [accountId]);
    const [row] = await this.manager.query<{ count: string }[]>(
      'SELECT count(*) FROM directory_instances($1, NULL, 2147483647)',
      [accountId],
    );
    return Number(row?.count ?? 0);
  }

  async insert(instance: Instance): Promise<void> {
    try {
      await this.manager.insert(InstanceEntity, toRow(instance));
    } catch (error) {
      if (violatedConstraint(error) === undefined) throw error;
      throw new TenancyError('instance_exists', 'the instance exists already');
    }
  }

  async update(instance: Instance): Promise<void> {
    await this.manager.update(InstanceEntity, { id: this.instanceId }, toRow(instance));
  }

  async remove(): Promise<void> {
    await this.manager.delete(InstanceEntity, { id: this.instanceId });
  }
}

/** The columns of `instances` under the names that {@link toInstance} reads. */
export const instanceColumns = (dataSource: DataSource): string =>
  dataSource
    .getMetadata(InstanceEntity)
    .columns.map(({ databaseName, propertyName }) => `${databaseName} AS "${propertyName}"`)
    .join(', ');

export function toInstance({ disabledReason, secondPersonUntil, ...row }: InstanceRow): Instance {
  return {
    ...row,
    id: toInstanceId(row.id),
    ...(disabledReason === null ? {} : { disabledReason }),
    ...(secondPersonUntil === null ? {} : { secondPersonUntil }),
  };
}

function toRow(instance: Instance): Columns<InstanceEntity> {
  const { disabledReason = null, secondPersonUntil = null } = instance;
  return { ...instance, disabledReason, secondPersonUntil };
}
