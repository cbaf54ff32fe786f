import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

@Entity('creation_intents')
@Index('ix_creation_intents_oldest', ['instanceId', 'startedAt'])
export class CreationIntentEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_creation_intents_instance' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_creation_intents' })
  instanceId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_creation_intents' })
  id!: string;

  @Column({ type: 'text', name: 'stored_key_name' })
  storedKeyName!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'started_at' })
  startedAt!: Date;

  @Column({ type: 'text', name: 'created_by' })
  createdBy!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'claimed_at', nullable: true })
  claimedAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'refused_at', nullable: true })
  refusedAt!: Date | null;

  /** Since when looks have found nothing left to settle. */
  @Column({ type: 'timestamptz', precision: 3, name: 'clear_since', nullable: true })
  clearSince!: Date | null;
}
