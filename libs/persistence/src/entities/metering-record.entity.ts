import { type MeteringRecordState } from '@lib/metering';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('metering_records')
@Check('ck_metering_records_state', "state IN ('pending', 'accepted', 'refused')")
@Index('ix_metering_records_pending', ['instanceId', 'notBefore'], { where: "state = 'pending'" })
export class MeteringRecordEntity {
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_metering_records' })
  instanceId!: string;

  @PrimaryColumn({
    type: 'timestamptz',
    precision: 3,
    name: 'started_at',
    primaryKeyConstraintName: 'pk_metering_records',
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
  state!: MeteringRecordState;

  @Column({ type: 'integer' })
  attempts!: number;

  @Column({ type: 'timestamptz', precision: 3, name: 'not_before' })
  notBefore!: Date;

  @Column({ type: 'text', nullable: true })
  detail!: string | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'recorded_at' })
  recordedAt!: Date;
}
