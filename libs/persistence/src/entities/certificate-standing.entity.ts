import { type ProofKind } from '@lib/tenancy';
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

/** Outlives registration and instance, so it references neither. Rows come and go by a trigger of the database. */
@Entity('certificate_standings')
@Check('ck_certificate_standings_proof', "proof IN ('issued', 'operator', 'credential', 'host_name', 'hand_over')")
@Check('ck_certificate_standings_proven', 'num_nonnulls(proof, proven_at) IN (0, 2)')
@Index('ix_certificate_standings_fingerprint', ['fingerprint'])
export class CertificateStandingEntity {
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_certificate_standings' })
  instanceId!: string;

  @PrimaryColumn({ type: 'text', name: 'fingerprint_sha256', primaryKeyConstraintName: 'pk_certificate_standings' })
  fingerprint!: string;

  @Column({ type: 'text', name: 'account_id' })
  accountId!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'not_after' })
  notAfter!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'registered_at' })
  registeredAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'removed_at', nullable: true })
  removedAt!: Date | null;

  @Column({ type: 'boolean', default: false })
  issued!: boolean;

  @Column({ type: 'text', nullable: true })
  proof!: ProofKind | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'proven_at', nullable: true })
  provenAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'established_at', nullable: true })
  establishedAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'recognized_at', nullable: true })
  recognizedAt!: Date | null;
}

/** Since when the region demands something of its tenants. */
@Entity('region_requirements')
export class RegionRequirementEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pk_region_requirements' })
  name!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  since!: Date;
}

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
