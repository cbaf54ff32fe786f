import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

/** What must not come back with a catalog that was lost or restored; written to the key manager after the change. */
@Entity('key_notes')
@Index('ix_key_notes_written', ['instanceId', 'writtenUnder'])
@Check('ck_key_notes_fact', `fact IN ('deactivated', 'compromised', 'destroyed', 'suspended', 'resumed')`)
export class KeyNoteEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_key_notes_instance', onDelete: 'CASCADE' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_key_notes' })
  instanceId!: string;

  /** Of the object. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_key_notes' })
  id!: string;

  @PrimaryColumn({ type: 'bigint', primaryKeyConstraintName: 'pk_key_notes' })
  number!: string;

  @Column({ type: 'bigint', nullable: true })
  previous!: string | null;

  @Column({ type: 'text' })
  fact!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'effective_at' })
  effectiveAt!: Date;

  /** Root key under which it lies in the key manager. */
  @Column({ type: 'text', name: 'written_under', nullable: true })
  writtenUnder!: string | null;
}
