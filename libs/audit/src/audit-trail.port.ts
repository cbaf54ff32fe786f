import { type InstanceId } from '@lib/kernel';

import { type AuditChainRow } from './audit-chain';
import { type AuditEvent } from './audit-event';

/** An event with its place in the chain. */
export interface AuditRecord {
  readonly event: AuditEvent;
  readonly row: AuditChainRow;
}

export interface AuditQuery {
  readonly action?: string;
  readonly outcome?: 'success' | 'failure';
  /** As `initiatorId` names it. */
  readonly initiatorId?: string;
  readonly targetId?: string;
  readonly correlationId?: string;
  /** Half-open: from the first instant, up to but without the second. */
  readonly occurred?: { readonly from?: Date; readonly before?: Date };
  readonly newestFirst: boolean;
  /** Sequence number of the last record of the page before. */
  readonly after?: number;
  readonly limit: number;
}

/** The audit records of an instance, for those who may read them. */
export interface AuditTrail {
  /** At most `limit` records, in the order of the chain or against it. */
  list(instanceId: InstanceId, query: AuditQuery): Promise<readonly AuditRecord[]>;
  find(instanceId: InstanceId, seq: number): Promise<AuditRecord | undefined>;
}
