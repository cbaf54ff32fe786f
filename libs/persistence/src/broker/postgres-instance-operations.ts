import { type InstanceId, toInstanceId } from '@lib/kernel';
import { type InstanceOperation, type InstanceOperationRepository } from '@lib/service-instances';
import { type ActionContext } from '@lib/tenancy';
import { type EntityManager } from 'typeorm';

import { type Columns } from '../database/columns';
import { InstanceOperationEntity } from '../entities/service-instance.entity';

export class PostgresInstanceOperations implements InstanceOperationRepository {
  constructor(
    private readonly manager: EntityManager,
    private readonly instanceId: InstanceId,
  ) {}

  async newest(): Promise<InstanceOperation | undefined> {
    const row = await this.manager.findOne(InstanceOperationEntity, {
      where: { instanceId: this.instanceId },
      order: { number: 'DESC' },
    });
    return row === null ? undefined : toOperation(row);
  }

  async get(number: number): Promise<InstanceOperation | undefined> {
    const row = await this.manager.findOneBy(InstanceOperationEntity, { instanceId: this.instanceId, number });
    return row === null ? undefined : toOperation(row);
  }

  async insert(operation: InstanceOperation): Promise<void> {
    await this.manager.insert(InstanceOperationEntity, { ...toRow(operation), instanceId: this.instanceId });
  }

  async update(operation: InstanceOperation): Promise<void> {
    const key = { instanceId: this.instanceId, number: operation.number };
    await this.manager.update(InstanceOperationEntity, key, { ...toRow(operation), ...key });
  }

  async prune(before: Date): Promise<void> {
    await this.manager.query(
      `DELETE FROM catalog_operations WHERE instance_id = $1 AND finished_at <= $2
        AND number < (SELECT max(number) FROM catalog_operations WHERE instance_id = $1)`,
      [this.instanceId, before],
    );
  }

  async removeAll(): Promise<void> {
    await this.manager.delete(InstanceOperationEntity, { instanceId: this.instanceId });
  }
}

function toOperation(row: Columns<InstanceOperationEntity>): InstanceOperation {
  const { changeHash, description, finishedAt, actionContext, ...rest } = row;
  return {
    ...rest,
    instanceId: toInstanceId(row.instanceId),
    // Written by toRow alone.
    context: JSON.parse(actionContext) as ActionContext,
    ...(changeHash === null ? {} : { changeHash }),
    ...(description === null ? {} : { description }),
    ...(finishedAt === null ? {} : { finishedAt }),
  };
}

function toRow({ context, ...operation }: InstanceOperation): Columns<InstanceOperationEntity> {
  const { changeHash = null, description = null, finishedAt = null } = operation;
  return { ...operation, changeHash, description, finishedAt, actionContext: JSON.stringify(context) };
}
