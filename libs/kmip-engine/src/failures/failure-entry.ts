import { type ResultReason } from '@lib/kmip-protocol';

export interface FailureEntry {
  /** Result Reason (KMIP 1.4 §6.10, §11). */
  readonly reason: ResultReason;
  /** Result Message: fixed, because it reaches an administrator's log and must never echo what a client sent. */
  readonly text: string;
}
