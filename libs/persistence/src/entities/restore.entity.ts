import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** One row: how far the region has come, so that a database that has come less far is known as restored. */
@Entity('region_progress')
@Check('ck_region_progress_singleton', 'singleton')
export class RegionProgressEntity {
  @PrimaryColumn({ type: 'boolean', default: true, primaryKeyConstraintName: 'pk_region_progress' })
  singleton!: boolean;

  @Column({ type: 'bigint', default: 0 })
  counter!: string;

  /** Of the cluster the row was last written in. */
  @Column({ type: 'text', name: 'system_identifier', nullable: true })
  systemIdentifier!: string | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'restored_at', nullable: true })
  restoredAt!: Date | null;

  /** What told of the restore. */
  @Column({ type: 'text', nullable: true })
  sign!: string | null;
}

/** An instance the operator has released since the restore. */
@Entity('restore_releases')
export class RestoreReleaseEntity {
  @PrimaryColumn({ type: 'uuid', name: 'released_instance', primaryKeyConstraintName: 'pk_restore_releases' })
  releasedInstance!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'released_at' })
  releasedAt!: Date;
}

/** A withdrawal that the restored database lacked, and what became of it. */
@Entity('restored_withdrawals')
export class RestoredWithdrawalEntity {
  @PrimaryColumn({ type: 'uuid', name: 'of_instance', primaryKeyConstraintName: 'pk_restored_withdrawals' })
  ofInstance!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pk_restored_withdrawals' })
  mark!: string;

  @Column({ type: 'text' })
  kind!: string;

  @Column({ type: 'text' })
  subject!: string;

  @Column({ type: 'text' })
  outcome!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'settled_at' })
  settledAt!: Date;
}
