import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

@Entity('custody_moves')
@Index('ix_custody_moves_oldest', ['instanceId', 'startedAt'])
export class CustodyMoveEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_custody_moves_instance', onDelete: 'CASCADE' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_custody_moves' })
  instanceId!: string;

  /** Of the object that is moved. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_custody_moves' })
  id!: string;

  @Column({ type: 'uuid', name: 'move_id' })
  moveId!: string;

  @Column({ type: 'text', name: 'from_root_key_id' })
  fromRootKeyId!: string;

  @Column({ type: 'text', name: 'to_root_key_id' })
  toRootKeyId!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'started_at' })
  startedAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'claimed_at', nullable: true })
  claimedAt!: Date | null;

  /** Since when looks have found nothing left to settle. */
  @Column({ type: 'timestamptz', precision: 3, name: 'clear_since', nullable: true })
  clearSince!: Date | null;
}
