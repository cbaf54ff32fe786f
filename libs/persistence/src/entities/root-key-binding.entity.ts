import { type KeyMoves, type RootKeyBinding, type RootKeyBindingStatus, type RootKeyHealth } from '@lib/tenancy';
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

/** Dates as text, as JSON has them. */
export type StoredKeyMoves = Stored<KeyMoves>;
export type StoredRootKeyHealth = Stored<RootKeyHealth>;

type Stored<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Stored<T[K]> } : T;

@Entity('root_key_bindings')
@Check('ck_root_key_bindings_kind', "kind ~ '^[a-z][a-z0-9_-]{0,62}$'")
@Check('ck_root_key_bindings_status', "status IN ('active', 'retiring')")
@Index('ux_root_key_bindings_active', ['instanceId'], { unique: true, where: "status = 'active'" })
@Index('ix_root_key_bindings_moving', ['instanceId'], {
  where: "status = 'retiring' OR moves ->> 'state' IN ('moving', 'waiting')",
})
export class RootKeyBindingEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_root_key_bindings_instance' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_root_key_bindings' })
  instanceId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_root_key_bindings' })
  id!: string;

  @Column({ type: 'text' })
  kind!: string;

  @Column({ type: 'text', name: 'key_manager_crn' })
  keyManagerCrn!: string;

  @Column({ type: 'text', name: 'endpoint_url' })
  endpointUrl!: string;

  @Column({ type: 'text', name: 'endpoint_visibility', nullable: true })
  endpointVisibility!: Required<RootKeyBinding>['endpointVisibility'] | null;

  @Column({ type: 'text', name: 'root_key_id' })
  rootKeyId!: string;

  @Column({ type: 'text', name: 'key_ring_id', nullable: true })
  keyRingId!: string | null;

  @Column({ type: 'text' })
  status!: RootKeyBindingStatus;

  @Column({ type: 'text', name: 'status_detail', nullable: true })
  statusDetail!: string | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'checked_at', nullable: true })
  checkedAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'updated_at' })
  updatedAt!: Date;

  @Column({ type: 'integer' })
  revision!: number;

  @Column({ type: 'jsonb', nullable: true })
  moves!: StoredKeyMoves | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'moves_paused_at', nullable: true })
  movesPausedAt!: Date | null;

  @Column({ type: 'integer', name: 'move_attempt', default: 0 })
  moveAttempt!: number;

  @Column({ type: 'jsonb', nullable: true })
  health!: StoredRootKeyHealth | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'look_due_at', nullable: true })
  lookDueAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'watch_due_at', nullable: true })
  watchDueAt!: Date | null;
}
