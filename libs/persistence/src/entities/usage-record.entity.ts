import { type UsageRecordState } from '@lib/tenancy';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('usage_records')
@Check('ck_usage_records_state', "state IN ('pending', 'accepted', 'refused')")
@Index('ix_usage_records_pending', ['instanceId', 'notBefore'], { where: "state = 'pending'" })
export class UsageRecordEntity {
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_usage_records' })
  instanceId!: string;

  @PrimaryColumn({
    type: 'timestamptz',
    precision: 3,
    name: 'started_at',
    primaryKeyConstraintName: 'pk_usage_records',
  })
  startedAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'ended_at' })
  endedAt!: Date;

  @Column({ type: 'text' })
  crn!: string;

  @Column({ type: 'text', name: 'service_id' })
  serviceId!: string;

  @Column({ type: 'text', name: 'plan_id' })
  planId!: string;

  @Column({ type: 'integer', name: 'live_keys' })
  liveKeys!: number;

  @Column({ type: 'integer', name: 'client_certificates' })
  clientCertificates!: number;

  @Column({ type: 'text' })
  state!: UsageRecordState;

  @Column({ type: 'integer' })
  attempts!: number;

  @Column({ type: 'timestamptz', precision: 3, name: 'not_before' })
  notBefore!: Date;

  @Column({ type: 'text', nullable: true })
  detail!: string | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'recorded_at' })
  recordedAt!: Date;
}
