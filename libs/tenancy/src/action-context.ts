import { type AuditAction, type AuditEvent, type AuditInitiator } from '@lib/audit';
import { type Clock, type CorrelationId, type InstanceId } from '@lib/kernel';

/** Who asks for a change and through what: goes into its audit record. */
export interface ActionContext {
  readonly initiator: AuditInitiator;
  readonly correlationId: CorrelationId;
  /** Name of the API or process that serves the request. */
  readonly observer: string;
}

export function successEvent(
  context: ActionContext,
  clock: Clock,
  instanceId: InstanceId,
  action: AuditAction,
  facts: Pick<AuditEvent, 'target' | 'details'>,
): AuditEvent {
  // Last: a caller may hand over more than the context, such as the instance that his request is about.
  return { ...context, ...facts, instanceId, action, occurredAt: clock.now(), outcome: 'success' };
}
