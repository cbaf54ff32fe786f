import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { ManagedObjectEntity } from './managed-object.entity';

@Entity('managed_object_attributes')
@ForeignKey(() => ManagedObjectEntity, ['instanceId', 'objectId'], ['instanceId', 'id'], {
  name: 'fk_managed_object_attributes_object',
})
@Index('ix_managed_object_attributes_value', ['instanceId', 'name', 'valueHash'])
@Index('ux_managed_object_attributes_name', ['instanceId', 'valueHash'], {
  unique: true,
  where: "name = 'Name' AND NOT released",
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

  /** What equal values share; of a Name only its Name Value counts, so that names are unique whatever their type. */
  @Column({ type: 'bytea', name: 'value_hash' })
  valueHash!: Buffer;

  /** One per item of a structure, for matching parts of it. */
  @Column({ type: 'bytea', name: 'item_hashes', array: true })
  itemHashes!: Buffer[];

  /** Set when the object is destroyed: its Names may then be used again. */
  @Column({ type: 'boolean' })
  released!: boolean;
}
