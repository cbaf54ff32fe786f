import { type StoredState } from '@lib/kmip-engine';
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

/** Columns of the catalog. Written and read by hand-made statements (the hot path); this class keeps the schema honest. */
@Entity('managed_objects')
@Check(
  'ck_managed_objects_state',
  "state IN ('PreActive', 'Active', 'Deactivated', 'Compromised', 'Destroyed', 'DestroyedCompromised')",
)
@Check('ck_managed_objects_custody', 'num_nonnulls(stored_key_id, root_key_id, root_key_version) IN (0, 3)')
@Index('ix_managed_objects_newest', ['instanceId', 'initialDate', 'id'])
@Index('ix_managed_objects_digest', ['instanceId', 'digest'])
@Index('ix_managed_objects_name', ['instanceId', 'sortName', 'id'])
@Index('ix_managed_objects_root_key', ['instanceId', 'rootKeyId', 'id'])
@Index('ix_managed_objects_creator', ['instanceId', 'createdBy', 'initialDate'])
@Index('ix_managed_objects_destroying', ['instanceId', 'destroyRequestedAt'], {
  where: 'destroy_requested_at IS NOT NULL',
})
export class ManagedObjectEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_managed_objects_instance' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_managed_objects' })
  instanceId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_managed_objects' })
  id!: string;

  /** bigint because a KMIP enumeration fills 32 bits without a sign. */
  @Column({ type: 'bigint', name: 'object_type' })
  objectType!: string;

  @Column({ type: 'text' })
  state!: StoredState;

  @Column({ type: 'boolean' })
  suspended!: boolean;

  @Column({ type: 'bigint', name: 'cryptographic_algorithm' })
  cryptographicAlgorithm!: string;

  @Column({ type: 'bigint', name: 'cryptographic_length' })
  cryptographicLength!: string;

  @Column({ type: 'bigint', name: 'cryptographic_usage_mask' })
  cryptographicUsageMask!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'initial_date' })
  initialDate!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'last_change_date' })
  lastChangeDate!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'activation_date', nullable: true })
  activationDate!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'process_start_date', nullable: true })
  processStartDate!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'protect_stop_date', nullable: true })
  protectStopDate!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'deactivation_date', nullable: true })
  deactivationDate!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'destroy_date', nullable: true })
  destroyDate!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'destroy_requested_at', nullable: true })
  destroyRequestedAt!: Date | null;

  /** Until when the key manager can restore it; unknown for what a release before destroyed. */
  @Column({ type: 'timestamptz', precision: 3, name: 'recoverable_until', nullable: true })
  recoverableUntil!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'purged_at', nullable: true })
  purgedAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'compromise_date', nullable: true })
  compromiseDate!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'compromise_occurrence_date', nullable: true })
  compromiseOccurrenceDate!: Date | null;

  @Column({ type: 'bigint', name: 'revocation_reason_code', nullable: true })
  revocationReasonCode!: string | null;

  @Column({ type: 'text', name: 'revocation_message', nullable: true })
  revocationMessage!: string | null;

  @Column({ type: 'bytea' })
  digest!: Buffer;

  @Column({ type: 'boolean' })
  fresh!: boolean;

  @Column({ type: 'timestamptz', precision: 3, name: 'last_fetched_at', nullable: true })
  lastFetchedAt!: Date | null;

  @Column({ type: 'text', name: 'stored_key_id', nullable: true })
  storedKeyId!: string | null;

  @Column({ type: 'text', name: 'root_key_id', nullable: true })
  rootKeyId!: string | null;

  @Column({ type: 'text', name: 'root_key_version', nullable: true })
  rootKeyVersion!: string | null;

  /** False for keys that a release before stored, until they move. */
  @Column({ type: 'boolean', name: 'stored_key_authenticated', default: false })
  storedKeyAuthenticated!: boolean;

  /** When the key manager stored it; unknown for what a release before stored. */
  @Column({ type: 'timestamptz', precision: 3, name: 'stored_at', nullable: true })
  storedAt!: Date | null;

  @Column({ type: 'text', name: 'created_by' })
  createdBy!: string;

  /** The beginning of the name that administrators see. */
  @Column({ type: 'text', name: 'sort_name', collation: 'C', default: '' })
  sortName!: string;
}
