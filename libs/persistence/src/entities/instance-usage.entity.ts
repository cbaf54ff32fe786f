import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

import { InstanceEntity } from './instance.entity';

@Entity('instance_usage')
@Check('ck_instance_usage_live_keys', 'live_keys >= 0')
export class InstanceUsageEntity {
  @ForeignKey(() => InstanceEntity, { name: 'fk_instance_usage_instance' })
  @PrimaryColumn({ type: 'uuid', name: 'instance_id', primaryKeyConstraintName: 'pk_instance_usage' })
  instanceId!: string;

  /** Keys that are not destroyed, and open intents. */
  @Column({ type: 'integer', name: 'live_keys' })
  liveKeys!: number;
}
