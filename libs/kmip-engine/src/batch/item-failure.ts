import { type CorrelationId } from '@lib/kernel';
import { KmipError, ResultReason, resultReasonMinorVersions } from '@lib/kmip-protocol';

import { failureCatalog } from '../failures/failure-catalog';
import { foreseenFailure } from '../failures/foreseen-causes';
import { OperationFailure } from '../failures/operation-failure';

/** A failure as the client, the audit trail and the metrics are told it. */
export interface ItemFailure {
  readonly reason: number;
  readonly message: string;
  readonly code: string;
  /** True when the cause is ours: it goes to the log, the client gets fixed text. */
  readonly unexpected: boolean;
  readonly recorded: boolean;
  /** The catalog is away: its own error, for the log. */
  readonly outage?: Error;
}

/** Result Reasons a message of an older version does not know become General Failure. */
const reasonFor = (reason: number, minor: number): number =>
  (resultReasonMinorVersions.get(reason) ?? 0) <= minor ? reason : ResultReason.GeneralFailure;

export function explainFailure(error: unknown, minor: number, correlationId: CorrelationId): ItemFailure {
  if (error instanceof OperationFailure) {
    const { failure, message, recorded } = error;
    return { reason: reasonFor(error.reason, minor), message, code: failure, unexpected: false, recorded };
  }
  if (error instanceof KmipError) {
    const { message } = error;
    return {
      reason: reasonFor(error.reason, minor),
      message,
      code: 'payload_unreadable',
      unexpected: false,
      recorded: false,
    };
  }
  const foreseen = foreseenFailure(error);
  if (foreseen !== undefined) {
    const explained = explainFailure(new OperationFailure(foreseen, { cause: error }), minor, correlationId);
    return foreseen === 'catalog_unavailable' && error instanceof Error ? { ...explained, outage: error } : explained;
  }
  const { reason, text } = failureCatalog.internal;
  return {
    reason,
    message: `${text} [internal] Correlation id ${correlationId}`,
    code: 'internal',
    unexpected: true,
    recorded: false,
  };
}
