import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';

@Entity('gateway_processes')
export class GatewayProcessEntity {
  @PrimaryColumn({ type: 'uuid', name: 'process_id', primaryKeyConstraintName: 'pk_gateway_processes' })
  processId!: string;

  @Column({ type: 'text' })
  endpoint!: string;

  /** A pg_snapshot: every change that it sees is in force at the process. */
  @Column({ type: 'text' })
  position!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'seen_at' })
  seenAt!: Date;
}

@Entity('gateway_acknowledgements')
export class GatewayAcknowledgementEntity {
  @PrimaryColumn({ type: 'uuid', name: 'process_id', primaryKeyConstraintName: 'pk_gateway_acknowledgements' })
  processId!: string;

  @ManyToOne(() => GatewayProcessEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'process_id', foreignKeyConstraintName: 'fk_gateway_acknowledgements_process' })
  process!: GatewayProcessEntity;

  @PrimaryColumn({ type: 'uuid', name: 'changed_instance', primaryKeyConstraintName: 'pk_gateway_acknowledgements' })
  changedInstance!: string;

  @Column({ type: 'text' })
  position!: string;
}
