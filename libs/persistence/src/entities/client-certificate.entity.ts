import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

@Entity('client_certificates')
@Index('ux_client_certificates_name', ['instanceId', 'name'], { unique: true })
@Index('ux_client_certificates_fingerprint', ['instanceId', 'fingerprint'], { unique: true })
export class ClientCertificateEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_client_certificates_instance' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_client_certificates' })
  instanceId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_client_certificates' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', name: 'fingerprint_sha256' })
  fingerprint!: string;

  @Column({ type: 'text', name: 'fingerprint_sha1' })
  sha1Fingerprint!: string;

  @Column({ type: 'text' })
  pem!: string;

  @Column({ type: 'text' })
  subject!: string;

  @Column({ type: 'text' })
  issuer!: string;

  @Column({ type: 'text', name: 'serial_number' })
  serialNumber!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'not_before' })
  notBefore!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'not_after' })
  notAfter!: Date;

  @Column({ type: 'text', name: 'key_type' })
  keyType!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'updated_at' })
  updatedAt!: Date;

  @Column({ type: 'integer' })
  revision!: number;
}
