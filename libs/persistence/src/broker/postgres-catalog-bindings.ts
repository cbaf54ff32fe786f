import { type InstanceId } from '@lib/kernel';
import { type CatalogBinding, type CatalogBindingRepository } from '@lib/service-instances';
import { type EntityManager } from 'typeorm';

import { CatalogBindingEntity } from '../entities/catalog.entity';

export class PostgresCatalogBindings implements CatalogBindingRepository {
  constructor(
    private readonly manager: EntityManager,
    private readonly instanceId: InstanceId,
  ) {}

  async get(id: string): Promise<CatalogBinding | undefined> {
    const row = await this.manager.findOneBy(CatalogBindingEntity, { instanceId: this.instanceId, id });
    if (row === null) return undefined;
    const { fingerprint, createdAt } = row;
    // Written by insertIfAbsent alone.
    return { id, attributes: JSON.parse(row.attributes) as CatalogBinding['attributes'], fingerprint, createdAt };
  }

  async insertIfAbsent(binding: CatalogBinding): Promise<boolean> {
    const inserted = await this.manager
      .createQueryBuilder()
      .insert()
      .into(CatalogBindingEntity)
      .values({ ...binding, attributes: JSON.stringify(binding.attributes), instanceId: this.instanceId })
      .orIgnore()
      .returning('instance_id')
      .execute();
    return (inserted.raw as unknown[]).length === 1;
  }

  async remove(id: string): Promise<boolean> {
    const { affected } = await this.manager.delete(CatalogBindingEntity, { instanceId: this.instanceId, id });
    return affected === 1;
  }

  async removeAll(): Promise<void> {
    await this.manager.delete(CatalogBindingEntity, { instanceId: this.instanceId });
  }
}
