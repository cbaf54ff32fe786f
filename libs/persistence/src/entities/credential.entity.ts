import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

@Entity('credentials')
@Index('ux_credentials_instance', ['instanceId'], { unique: true })
export class CredentialEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_credentials_instance' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_credentials' })
  instanceId!: string;

  /** New with every replacement: the sealed text is bound to it. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_credentials' })
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
