import { type CorrelationId } from '@lib/kernel';
import {
  isAtLeast,
  KmipError,
  type ProtocolVersion,
  ResultReason,
  resultReasonVersions,
  V1_0,
} from '@lib/kmip-protocol';

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
const reasonFor = (reason: number, version: ProtocolVersion): number =>
  isAtLeast(version, resultReasonVersions.get(reason) ?? V1_0) ? reason : ResultReason.GeneralFailure;

export function explainFailure(error: unknown, version: ProtocolVersion, correlationId: CorrelationId): ItemFailure {
  if (error instanceof OperationFailure) {
    const { failure, message, recorded } = error;
    return { reason: reasonFor(error.reason, version), message, code: failure, unexpected: false, recorded };
  }
  if (error instanceof KmipError) {
    const { message } = error;
    return {
      reason: reasonFor(error.reason, version),
      message,
      code: 'payload_unreadable',
      unexpected: false,
      recorded: false,
    };
  }
  const foreseen = foreseenFailure(error);
  if (foreseen !== undefined) {
    const explained = explainFailure(new OperationFailure(foreseen, { cause: error }), version, correlationId);
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
