import { type InstanceId, toInstanceId } from '@lib/kernel';
import { type KeyMoves, type RootKeyBinding, type RootKeyBindingRepository } from '@lib/tenancy';
import { type EntityManager } from 'typeorm';

import { type Columns } from '../database/columns';
import { RootKeyBindingEntity, type StoredKeyMoves } from '../entities/root-key-binding.entity';

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
  moves,
  movesPausedAt,
  ...row
}: Columns<RootKeyBindingEntity>): RootKeyBinding {
  return {
    ...row,
    instanceId: toInstanceId(row.instanceId),
    ...(endpointVisibility === null ? {} : { endpointVisibility }),
    ...(keyRingId === null ? {} : { keyRingId }),
    ...(statusDetail === null ? {} : { statusDetail }),
    ...(checkedAt === null ? {} : { checkedAt }),
    ...(moves === null ? {} : { moves: toMoves(moves) }),
    ...(movesPausedAt === null ? {} : { movesPausedAt }),
  };
}

function toMoves({ startedAt, notedAt, hindrance, ...moves }: StoredKeyMoves): KeyMoves {
  const dates = { startedAt: new Date(startedAt), notedAt: new Date(notedAt) };
  if (hindrance === undefined) return { ...moves, ...dates };
  const since = new Date(hindrance.since);
  return { ...moves, ...dates, hindrance: { ...hindrance, since, retryAt: new Date(hindrance.retryAt) } };
}

function toRow(binding: RootKeyBinding): Columns<RootKeyBindingEntity> {
  const { endpointVisibility = null, keyRingId = null, statusDetail = null, checkedAt = null } = binding;
  const { moves, movesPausedAt = null } = binding;
  // Through JSON, which has no dates, as the column does.
  const stored = moves === undefined ? null : (JSON.parse(JSON.stringify(moves)) as StoredKeyMoves);
  return { ...binding, endpointVisibility, keyRingId, statusDetail, checkedAt, moves: stored, movesPausedAt };
}
