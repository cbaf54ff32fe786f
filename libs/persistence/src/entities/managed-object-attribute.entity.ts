import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { ManagedObjectEntity } from './managed-object.entity';

@Entity('managed_object_attributes')
@ForeignKey(() => ManagedObjectEntity, ['instanceId', 'objectId'], ['instanceId', 'id'], {
  name: 'fk_managed_object_attributes_object',
})
@Index('ix_managed_object_attributes_value', ['instanceId', 'name', 'valueHash'])
@Index('ux_managed_object_attributes_name', ['instanceId', 'nameHash'], {
  unique: true,
  where: 'name_hash IS NOT NULL AND NOT released',
})
export class ManagedObjectAttributeEntity {
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_managed_object_attributes' })
  instanceId!: string;

  @PrimaryColumn({ type: 'uuid', name: 'object_id', primaryKeyConstraintName: 'pk_managed_object_attributes' })
  objectId!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pk_managed_object_attributes' })
  name!: string;

  @PrimaryColumn({ type: 'bigint', primaryKeyConstraintName: 'pk_managed_object_attributes' })
  index!: string;

  /** Canonical text of the value with its TTLV type. */
  @Column({ type: 'text' })
  value!: string;

  /** What it is looked up by: the value, of a Name only its Name Value. */
  @Column({ type: 'bytea', name: 'value_hash' })
  valueHash!: Buffer;

  /** Of a Name, the whole value: what must be unique among the keys that are not destroyed. */
  @Column({ type: 'bytea', name: 'name_hash', nullable: true })
  nameHash!: Buffer | null;

  /** One per item of a structure, for matching parts of it. */
  @Column({ type: 'bytea', name: 'item_hashes', array: true })
  itemHashes!: Buffer[];

  /** Set when the object is destroyed: its Names may then be used again. */
  @Column({ type: 'boolean' })
  released!: boolean;
}
