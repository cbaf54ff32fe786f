import { type InstanceId } from '@lib/kernel';
import { type ServiceBinding, type ServiceBindingRepository } from '@lib/service-instances';
import { type EntityManager } from 'typeorm';

import { ServiceBindingEntity } from '../entities/service-instance.entity';

export class PostgresServiceBindings implements ServiceBindingRepository {
  constructor(
    private readonly manager: EntityManager,
    private readonly instanceId: InstanceId,
  ) {}

  async get(id: string): Promise<ServiceBinding | undefined> {
    const row = await this.manager.findOneBy(ServiceBindingEntity, { instanceId: this.instanceId, id });
    if (row === null) return undefined;
    const { fingerprint, createdAt } = row;
    // Written by insertIfAbsent alone.
    return { id, attributes: JSON.parse(row.attributes) as ServiceBinding['attributes'], fingerprint, createdAt };
  }

  async insertIfAbsent(binding: ServiceBinding): Promise<boolean> {
    const inserted = await this.manager
      .createQueryBuilder()
      .insert()
      .into(ServiceBindingEntity)
      .values({ ...binding, attributes: JSON.stringify(binding.attributes), instanceId: this.instanceId })
      .orIgnore()
      .returning('instance_id')
      .execute();
    return (inserted.raw as unknown[]).length === 1;
  }

  async remove(id: string): Promise<boolean> {
    const { affected } = await this.manager.delete(ServiceBindingEntity, { instanceId: this.instanceId, id });
    return affected === 1;
  }

  async removeAll(): Promise<void> {
    await this.manager.delete(ServiceBindingEntity, { instanceId: this.instanceId });
  }
}
