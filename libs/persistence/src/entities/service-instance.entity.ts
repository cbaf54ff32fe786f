import {
  type ServiceInstanceStatus,
  type OperationKind,
  type OperationState,
  type OperationStep,
} from '@lib/service-instances';
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

@Entity('catalog_instances')
@Check(
  'ck_catalog_instances_status',
  "status IN ('provisioning', 'ready', 'updating', 'deprovisioning', 'deleted', 'failed')",
)
export class ServiceInstanceEntity {
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_catalog_instances' })
  instanceId!: string;

  @Column({ type: 'text' })
  crn!: string;

  @Column({ type: 'text', name: 'service_id' })
  serviceId!: string;

  @Column({ type: 'text', name: 'plan_id' })
  planId!: string;

  @Column({ type: 'text' })
  status!: ServiceInstanceStatus;

  /** JSON. */
  @Column({ type: 'text' })
  attributes!: string;

  @Column({ type: 'text' })
  fingerprint!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'reclamation_scheduled_at', nullable: true })
  reclamationScheduledAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'orphaned_at', nullable: true })
  orphanedAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'metered_until' })
  meteredUntil!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'updated_at' })
  updatedAt!: Date;
}

@Entity('catalog_operations')
@Check('ck_catalog_operations_kind', "kind IN ('provision', 'update', 'deprovision')")
@Check('ck_catalog_operations_state', "state IN ('in progress', 'succeeded', 'failed')")
@Index('ux_catalog_operations_open', ['instanceId'], { unique: true, where: "state = 'in progress'" })
export class InstanceOperationEntity {
  @ForeignKey(() => ServiceInstanceEntity, { name: 'fk_catalog_operations_instance' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_catalog_operations' })
  instanceId!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'pk_catalog_operations' })
  number!: number;

  @Column({ type: 'text' })
  kind!: OperationKind;

  @Column({ type: 'text' })
  state!: OperationState;

  @Column({ type: 'text' })
  step!: OperationStep;

  @Column({ type: 'boolean' })
  background!: boolean;

  @Column({ type: 'text', name: 'change_hash', nullable: true })
  changeHash!: string | null;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ type: 'integer' })
  attempts!: number;

  @Column({ type: 'timestamptz', precision: 3, name: 'not_before' })
  notBefore!: Date;

  /** Who asked, as JSON: the audit record of the end names the same one as that of the beginning. */
  @Column({ type: 'text', name: 'action_context' })
  actionContext!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'started_at' })
  startedAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}

@Entity('catalog_bindings')
export class ServiceBindingEntity {
  @ForeignKey(() => ServiceInstanceEntity, { name: 'fk_catalog_bindings_instance' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_catalog_bindings' })
  instanceId!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pk_catalog_bindings' })
  id!: string;

  /** JSON. */
  @Column({ type: 'text' })
  attributes!: string;

  @Column({ type: 'text' })
  fingerprint!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt!: Date;
}
