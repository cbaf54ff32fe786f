import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

/** Where a key lay before it was moved: the proof that what is left of it in the key manager is that key. */
@Entity('former_stored_keys')
export class FormerStoredKeyEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_former_stored_keys_instance', onDelete: 'CASCADE' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_former_stored_keys' })
  instanceId!: string;

  /** Of the object. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_former_stored_keys' })
  id!: string;

  @PrimaryColumn({ type: 'text', name: 'stored_key_id', primaryKeyConstraintName: 'pk_former_stored_keys' })
  storedKeyId!: string;

  @Column({ type: 'text', name: 'root_key_id' })
  rootKeyId!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'left_at' })
  leftAt!: Date;
}
