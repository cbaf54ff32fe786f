import { type RootKeyBinding, type RootKeyBindingStatus } from '@lib/tenancy';
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

@Entity('root_key_bindings')
@Check('ck_root_key_bindings_kind', "kind ~ '^[a-z][a-z0-9_-]{0,62}$'")
@Check('ck_root_key_bindings_status', "status IN ('active', 'retiring')")
@Index('ux_root_key_bindings_active', ['instanceId'], { unique: true, where: "status = 'active'" })
@Index('ix_root_key_bindings_retiring', ['instanceId'], { where: "status = 'retiring'" })
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
}
