import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('invalidation_versions')
@Index('ix_invalidation_versions_changed', ['changedIn'])
export class InvalidationVersionEntity {
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_invalidation_versions' })
  instanceId!: string;

  @Column({ type: 'bigint' })
  version!: string;

  /** Id of the writing transaction. */
  @Column({ type: 'bigint', name: 'changed_in' })
  changedIn!: string;
}

@Entity('leases')
export class LeaseEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pk_leases' })
  name!: string;

  @Column({ type: 'text' })
  owner!: string;

  /** Grows when the lease changes hands: a fencing token. */
  @Column({ type: 'bigint' })
  term!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'expires_at' })
  expiresAt!: Date;
}
