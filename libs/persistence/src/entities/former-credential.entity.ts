import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

import { RootKeyBindingEntity } from './root-key-binding.entity';

@Entity('former_credentials')
@ForeignKey(() => RootKeyBindingEntity, ['instanceId', 'bindingId'], ['instanceId', 'id'], {
  name: 'fk_former_credentials_binding',
  onDelete: 'CASCADE',
})
export class FormerCredentialEntity {
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_former_credentials' })
  instanceId!: string;

  @PrimaryColumn({ type: 'uuid', name: 'binding_id', primaryKeyConstraintName: 'pk_former_credentials' })
  bindingId!: string;

  /** New with every replacement: the sealed text is bound to it. */
  @Column({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text', name: 'service_id_iam_id', nullable: true })
  serviceIdIamId!: string | null;

  @Column({ type: 'integer', name: 'service_key_version' })
  serviceKeyVersion!: number;

  @Column({ type: 'bytea', name: 'sealed_api_key' })
  sealedApiKey!: Buffer;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'integer' })
  revision!: number;
}
