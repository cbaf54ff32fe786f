import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

@Entity('kmip_credentials')
export class KmipCredentialEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_kmip_credentials_instance', onDelete: 'CASCADE' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_kmip_credentials' })
  instanceId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_kmip_credentials' })
  id!: string;

  @Column({ type: 'bytea', name: 'password_hmac' })
  passwordHmac!: Buffer;

  @Column({ type: 'integer', name: 'service_key_version' })
  serviceKeyVersion!: number;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt!: Date;
}
