import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { type ClaimKind } from '@lib/tenancy';

import { InstanceEntity } from './instance.entity';

@Entity('certificate_claims')
@Check('ck_certificate_claims_kind', "kind IN ('fingerprint', 'subject', 'address_range')")
@Index('ux_certificate_claims_value', ['instanceId', 'kind', 'value'], { unique: true })
export class CertificateClaimEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_certificate_claims_instance', onDelete: 'CASCADE' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_certificate_claims' })
  instanceId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_certificate_claims' })
  id!: string;

  @Column({ type: 'text' })
  kind!: ClaimKind;

  @Column({ type: 'text' })
  value!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt!: Date;
}
