import { type CredentialPolicy, type InstanceState, type KeyGeneration } from '@lib/tenancy';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('instances')
@Check('ck_instances_state', "state IN ('installing', 'inactive', 'configuring', 'installed', 'removing', 'failed')")
@Check('ck_instances_credential_policy', "credential_policy IN ('ignore', 'enforce')")
@Check('ck_instances_key_generation', "key_generation IN ('local', 'key_manager')")
@Index('ux_instances_crn', ['crn'], { unique: true })
@Index('ix_instances_account', ['accountId', 'id'])
export class InstanceEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_instances' })
  id!: string;

  @Column({ type: 'text' })
  crn!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', name: 'account_id' })
  accountId!: string;

  @Column({ type: 'text' })
  region!: string;

  @Column({ type: 'text' })
  state!: InstanceState;

  @Column({ type: 'boolean' })
  enabled!: boolean;

  @Column({ type: 'text', name: 'disabled_reason', nullable: true })
  disabledReason!: string | null;

  @Column({ type: 'integer', name: 'maximum_keys' })
  maximumKeys!: number;

  @Column({ type: 'text', name: 'credential_policy', default: 'ignore' })
  credentialPolicy!: CredentialPolicy;

  @Column({ type: 'text', name: 'key_generation', default: 'local' })
  keyGeneration!: KeyGeneration;

  @Column({ type: 'boolean', name: 'purge_destroyed_keys', default: false })
  purgeDestroyedKeys!: boolean;

  @Column({ type: 'boolean', name: 'second_person_to_destroy', default: false })
  secondPersonToDestroy!: boolean;

  @Column({ type: 'timestamptz', precision: 3, name: 'second_person_until', nullable: true })
  secondPersonUntil!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'updated_at' })
  updatedAt!: Date;

  /** Grows with every change, for conditional updates (ETag). */
  @Column({ type: 'integer' })
  revision!: number;
}
