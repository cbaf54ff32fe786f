import { type InstanceId, toInstanceId } from '@lib/kernel';
import { type KeyMoves, type RootKeyBinding, type RootKeyBindingRepository, type RootKeyHealth } from '@lib/tenancy';
import { type EntityManager } from 'typeorm';

import { type Columns } from '../database/columns';
import {
  RootKeyBindingEntity,
  type StoredKeyMoves,
  type StoredRootKeyHealth,
} from '../entities/root-key-binding.entity';

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
  health,
  lookDueAt,
  watchDueAt,
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
    ...(health === null ? {} : { health: toHealth(health) }),
    ...(lookDueAt === null ? {} : { lookDueAt }),
    ...(watchDueAt === null ? {} : { watchDueAt }),
  };
}

function toMoves({ startedAt, notedAt, hindrance, told, ...moves }: StoredKeyMoves): KeyMoves {
  return {
    ...moves,
    startedAt: new Date(startedAt),
    notedAt: new Date(notedAt),
    ...(told && { told: { ...told, at: new Date(told.at) } }),
    ...(hindrance && {
      hindrance: { ...hindrance, since: new Date(hindrance.since), retryAt: new Date(hindrance.retryAt) },
    }),
  };
}

function toHealth({ findings, testedAt, servedAt, expiresAt, ...health }: StoredRootKeyHealth): RootKeyHealth {
  return {
    ...health,
    findings: findings.map((finding) => ({ ...finding, since: new Date(finding.since) })),
    ...(testedAt === undefined ? {} : { testedAt: new Date(testedAt) }),
    ...(servedAt === undefined ? {} : { servedAt: new Date(servedAt) }),
    ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
  };
}

/** Through JSON, which has no dates, as the column does. */
const asStored = (value: object | undefined): unknown =>
  value === undefined ? null : JSON.parse(JSON.stringify(value));

function toRow(binding: RootKeyBinding): Columns<RootKeyBindingEntity> {
  const { endpointVisibility = null, keyRingId = null, statusDetail = null, checkedAt = null } = binding;
  const { movesPausedAt = null, lookDueAt = null, watchDueAt = null } = binding;
  const found = {
    moves: asStored(binding.moves) as StoredKeyMoves | null,
    health: asStored(binding.health) as StoredRootKeyHealth | null,
  };
  const dates = { checkedAt, movesPausedAt, lookDueAt, watchDueAt };
  return { ...binding, endpointVisibility, keyRingId, statusDetail, ...dates, ...found };
}
