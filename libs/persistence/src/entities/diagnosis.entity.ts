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

@Entity('usage_days')
export class UsageDayEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_usage_days_instance', onDelete: 'CASCADE' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_usage_days' })
  instanceId!: string;

  @PrimaryColumn({ type: 'date', primaryKeyConstraintName: 'pk_usage_days' })
  day!: string;

  @Column({ type: 'bigint', name: 'live_keys' })
  liveKeys!: string;

  @Column({ type: 'bigint' })
  certificates!: string;
}

/** Belongs to no tenant; read through functions of the database that know which instance asks. */
@Entity('connection_attempts')
@Index('ux_connection_attempts_likeness', ['likeness'], { unique: true })
@Index('ix_connection_attempts_address', { synchronize: false })
@Index('ix_connection_attempts_allowed', ['allowedBy', 'lastAt', 'id'])
@Index('ix_connection_attempts_fingerprint', ['fingerprint'])
@Index('ix_connection_attempts_latest', ['lastAt', 'id'])
export class ConnectionAttemptEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_connection_attempts' })
  id!: string;

  @Column({ type: 'bytea' })
  likeness!: Buffer;

  @Column({ type: 'text' })
  verdict!: string;

  @Column({ type: 'inet' })
  address!: string;

  @Column({ type: 'text' })
  endpoint!: string;

  @Column({ type: 'text', name: 'fingerprint_sha256', nullable: true })
  fingerprint!: string | null;

  @Column({ type: 'text', name: 'fingerprint_sha1', nullable: true })
  sha1Fingerprint!: string | null;

  @Column({ type: 'text', nullable: true })
  subject!: string | null;

  @Column({ type: 'text', nullable: true })
  issuer!: string | null;

  @Column({ type: 'text', name: 'serial_number', nullable: true })
  serialNumber!: string | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'not_before', nullable: true })
  notBefore!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'not_after', nullable: true })
  notAfter!: Date | null;

  @Column({ type: 'text', nullable: true })
  pem!: string | null;

  @Column({ type: 'uuid', name: 'allowed_by', nullable: true })
  allowedBy!: string | null;

  @Column({ type: 'bigint' })
  occurrences!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'first_at' })
  firstAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'last_at' })
  lastAt!: Date;
}
