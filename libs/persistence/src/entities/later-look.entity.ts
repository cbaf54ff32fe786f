import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

/** A destroyed key that is looked for again, as a fail-over can undo a deletion. */
@Entity('later_looks')
@Index('ix_later_looks_due', ['instanceId', 'dueAt'])
export class LaterLookEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_later_looks_instance', onDelete: 'CASCADE' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_later_looks' })
  instanceId!: string;

  /** Of the destroyed object. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_later_looks' })
  id!: string;

  /** Where it lay when it was destroyed. */
  @Column({ type: 'text', name: 'stored_key_id', nullable: true })
  storedKeyId!: string | null;

  @Column({ type: 'text', name: 'root_key_id', nullable: true })
  rootKeyId!: string | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'destroyed_at' })
  destroyedAt!: Date;

  @Column({ type: 'smallint', default: 0 })
  looks!: number;

  @Column({ type: 'timestamptz', precision: 3, name: 'due_at' })
  dueAt!: Date;
}
