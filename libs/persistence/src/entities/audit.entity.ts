import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('audit_events')
@Index('ix_audit_events_occurred', ['instanceId', 'occurredAt', 'seq'])
@Index('ix_audit_events_target', ['instanceId', 'targetId', 'seq'])
@Index('ix_audit_events_failures', ['instanceId', 'seq'], { where: `outcome = 'failure'` })
@Index('ix_audit_events_action', ['instanceId', 'action', 'seq'], {
  where: `action <> 'vmware-solutions.kmip-key.read'`,
})
export class AuditEventEntity {
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_audit_events' })
  instanceId!: string;

  @PrimaryColumn({ type: 'bigint', primaryKeyConstraintName: 'pk_audit_events' })
  seq!: string;

  /** The canonical text that is hashed: the record itself. What follows the hashes are copies to search by. */
  @Column({ type: 'text' })
  event!: string;

  @Column({ type: 'bytea', name: 'previous_hash' })
  previousHash!: Buffer;

  @Column({ type: 'bytea' })
  hash!: Buffer;

  @Column({ type: 'timestamptz', precision: 3, name: 'occurred_at' })
  occurredAt!: Date;

  @Column({ type: 'text' })
  action!: string;

  @Column({ type: 'text' })
  outcome!: string;

  @Column({ type: 'text', name: 'target_id', nullable: true })
  targetId!: string | null;

  @Column({ type: 'text', name: 'correlation_id' })
  correlationId!: string;
}

@Entity('audit_chain_heads')
export class AuditChainHeadEntity {
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_audit_chain_heads' })
  instanceId!: string;

  @Column({ type: 'bigint' })
  seq!: string;

  @Column({ type: 'bytea' })
  hash!: Buffer;
}

/** A head of a chain as it was signed, with a key that is not in the database. */
@Entity('audit_signed_heads')
@Index('ix_audit_signed_heads_signed', ['instanceId', 'signedAt'])
export class AuditSignedHeadEntity {
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_audit_signed_heads' })
  instanceId!: string;

  @PrimaryColumn({ type: 'bigint', primaryKeyConstraintName: 'pk_audit_signed_heads' })
  seq!: string;

  @PrimaryColumn({
    type: 'timestamptz',
    precision: 3,
    name: 'signed_at',
    primaryKeyConstraintName: 'pk_audit_signed_heads',
  })
  signedAt!: Date;

  @Column({ type: 'bytea' })
  hash!: Buffer;

  /** What counts; the other columns are to find it by. */
  @Column({ type: 'text' })
  jws!: string;
}
