import { type AuditInitiator } from '@lib/audit';
import { type CorrelationId, type InstanceId } from '@lib/kernel';

import { type OperationCall } from '../http/operation';

/** Stands in audit records for the interface that served a call. */
export const OBSERVER = 'management-api';

/** The caller as audit records name him. */
export function administratorOf(call: OperationCall): {
  readonly instanceId: InstanceId;
  readonly initiator: AuditInitiator;
  readonly correlationId: CorrelationId;
  readonly observer: string;
} {
  return {
    instanceId: call.instance().instanceId,
    initiator: { kind: 'user', iamId: call.principal.iamId, address: call.address },
    correlationId: call.correlationId,
    observer: OBSERVER,
  };
}
