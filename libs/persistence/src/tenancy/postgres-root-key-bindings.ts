import { type InstanceId, toInstanceId } from '@lib/kernel';
import { type RootKeyBinding, type RootKeyBindingRepository } from '@lib/tenancy';
import { type EntityManager } from 'typeorm';

import { type Columns } from '../database/columns';
import { RootKeyBindingEntity } from '../entities/root-key-binding.entity';

export class PostgresRootKeyBindings implements RootKeyBindingRepository {
  constructor(
    private readonly manager: EntityManager,
    private readonly instanceId: InstanceId,
  ) {}

  async list(): Promise<readonly RootKeyBinding[]> {
    const rows = await this.manager.find(RootKeyBindingEntity, {
      where: { instanceId: this.instanceId },
      // 'active' sorts before 'retiring'.
      order: { status: 'ASC', createdAt: 'DESC' },
    });
    return rows.map(toBinding);
  }

  async insert(binding: RootKeyBinding): Promise<void> {
    await this.manager.insert(RootKeyBindingEntity, { ...toRow(binding), instanceId: this.instanceId });
  }

  async update(binding: RootKeyBinding): Promise<void> {
    const key = { instanceId: this.instanceId, id: binding.id };
    await this.manager.update(RootKeyBindingEntity, key, { ...toRow(binding), ...key });
  }

  async remove(id: string): Promise<void> {
    await this.manager.delete(RootKeyBindingEntity, { instanceId: this.instanceId, id });
  }

  async removeAll(): Promise<void> {
    await this.manager.delete(RootKeyBindingEntity, { instanceId: this.instanceId });
  }
}

function toBinding({
  endpointVisibility,
  keyRingId,
  statusDetail,
  checkedAt,
  ...row
}: Columns<RootKeyBindingEntity>): RootKeyBinding {
  return {
    ...row,
    instanceId: toInstanceId(row.instanceId),
    ...(endpointVisibility === null ? {} : { endpointVisibility }),
    ...(keyRingId === null ? {} : { keyRingId }),
    ...(statusDetail === null ? {} : { statusDetail }),
    ...(checkedAt === null ? {} : { checkedAt }),
  };
}

function toRow(binding: RootKeyBinding): Columns<RootKeyBindingEntity> {
  const { endpointVisibility = null, keyRingId = null, statusDetail = null, checkedAt = null } = binding;
  return { ...binding, endpointVisibility, keyRingId, statusDetail, checkedAt };
}
