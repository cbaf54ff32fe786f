import { type InstanceId, toInstanceId } from '@lib/kernel';
import { type ServiceInstance, type ServiceInstanceRepository, type RequestedAttributes } from '@lib/service-instances';
import { omit } from '@lib/tenancy';
import { type EntityManager } from 'typeorm';

import { type Columns } from '../database/columns';
import { ServiceInstanceEntity } from '../entities/service-instance.entity';

export class PostgresServiceInstance implements ServiceInstanceRepository {
  constructor(
    private readonly manager: EntityManager,
    private readonly instanceId: InstanceId,
  ) {}

  async get(): Promise<ServiceInstance | undefined> {
    const row = await this.manager.findOneBy(ServiceInstanceEntity, { instanceId: this.instanceId });
    return row === null ? undefined : toServiceInstance(row);
  }

  async lock(): Promise<ServiceInstance | undefined> {
    await this.manager.query('SELECT 1 FROM catalog_instances WHERE instance_id = $1 FOR UPDATE', [this.instanceId]);
    return this.get();
  }

  async insertIfAbsent(instance: ServiceInstance, meteredFrom: Date): Promise<boolean> {
    // RETURNING tells an insert from a conflict; a concurrent insert is waited for.
    const inserted = await this.manager
      .createQueryBuilder()
      .insert()
      .into(ServiceInstanceEntity)
      .values({ ...toRow(instance), instanceId: this.instanceId, meteredUntil: meteredFrom })
      .orIgnore()
      .returning('instance_id')
      .execute();
    return (inserted.raw as unknown[]).length === 1;
  }

  async update(instance: ServiceInstance): Promise<void> {
    const key = { instanceId: this.instanceId };
    await this.manager.update(ServiceInstanceEntity, key, { ...toRow(instance), ...key });
  }

  async remove(): Promise<void> {
    await this.manager.delete(ServiceInstanceEntity, { instanceId: this.instanceId });
  }
}

/** All of the row but how far it is metered, which is the meter's. */
type OrderRow = Omit<Columns<ServiceInstanceEntity>, 'meteredUntil'>;

function toServiceInstance(row: Columns<ServiceInstanceEntity>): ServiceInstance {
  const { reclamationScheduledAt, orphanedAt, attributes, ...rest } = omit(row, 'meteredUntil');
  return {
    ...rest,
    instanceId: toInstanceId(row.instanceId),
    // Written by toRow alone.
    attributes: JSON.parse(attributes) as RequestedAttributes,
    ...(reclamationScheduledAt === null ? {} : { reclamationScheduledAt }),
    ...(orphanedAt === null ? {} : { orphanedAt }),
  };
}

function toRow(instance: ServiceInstance): OrderRow {
  const { reclamationScheduledAt = null, orphanedAt = null, attributes } = instance;
  return { ...instance, reclamationScheduledAt, orphanedAt, attributes: JSON.stringify(attributes) };
}
