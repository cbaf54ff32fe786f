import { type InstanceId, toInstanceId } from '@lib/kernel';
import { type CatalogInstance, type CatalogInstanceRepository, type RequestedAttributes } from '@lib/service-instances';
import { type EntityManager } from 'typeorm';

import { type Columns } from '../database/columns';
import { CatalogInstanceEntity } from '../entities/catalog.entity';

export class PostgresCatalogInstance implements CatalogInstanceRepository {
  constructor(
    private readonly manager: EntityManager,
    private readonly instanceId: InstanceId,
  ) {}

  async get(): Promise<CatalogInstance | undefined> {
    const row = await this.manager.findOneBy(CatalogInstanceEntity, { instanceId: this.instanceId });
    return row === null ? undefined : toCatalogInstance(row);
  }

  async lock(): Promise<CatalogInstance | undefined> {
    await this.manager.query('SELECT 1 FROM catalog_instances WHERE instance_id = $1 FOR UPDATE', [this.instanceId]);
    return this.get();
  }

  async insertIfAbsent(instance: CatalogInstance): Promise<boolean> {
    // RETURNING tells an insert from a conflict; a concurrent insert is waited for.
    const inserted = await this.manager
      .createQueryBuilder()
      .insert()
      .into(CatalogInstanceEntity)
      .values(toRow({ ...instance, instanceId: this.instanceId }))
      .orIgnore()
      .returning('instance_id')
      .execute();
    return (inserted.raw as unknown[]).length === 1;
  }

  async update(instance: CatalogInstance): Promise<void> {
    const key = { instanceId: this.instanceId };
    await this.manager.update(CatalogInstanceEntity, key, { ...toRow(instance), ...key });
  }

  async remove(): Promise<void> {
    await this.manager.delete(CatalogInstanceEntity, { instanceId: this.instanceId });
  }
}

function toCatalogInstance(row: Columns<CatalogInstanceEntity>): CatalogInstance {
  const { reclamationScheduledAt, orphanedAt, attributes, ...rest } = row;
  return {
    ...rest,
    instanceId: toInstanceId(row.instanceId),
    // Written by toRow alone.
    attributes: JSON.parse(attributes) as RequestedAttributes,
    ...(reclamationScheduledAt === null ? {} : { reclamationScheduledAt }),
    ...(orphanedAt === null ? {} : { orphanedAt }),
  };
}

function toRow(instance: CatalogInstance): Columns<CatalogInstanceEntity> {
  const { reclamationScheduledAt = null, orphanedAt = null, attributes } = instance;
  return { ...instance, reclamationScheduledAt, orphanedAt, attributes: JSON.stringify(attributes) };
}
