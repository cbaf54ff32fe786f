import { type Clock, type CorrelationId, type UniqueIdentifier } from '@lib/kernel';
import { type KeepReason } from '@lib/key-manager';

import { type DeletionRights } from '../custody/deletion-rights';

/** Where the engine tells the operator what clients are not told. Fields never hold key bytes, tokens or payloads. */
export interface EngineLogger {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface OperationObservation {
  /** KMIP operation name, or `Unknown`: a closed set, fit for a metric label. */
  readonly operation: string;
  readonly result: 'success' | 'failure';
  /** Failure code of docs/errors.md. */
  readonly failure?: string;
  readonly latencyMs: number;
}

/**
 * - `stored_key_forged`: a stored key was changed or replaced in the key manager by somebody else
 * - `key_repeated`: new key material is that of a key that is there already
 * - `birth_not_confirmed`: the key manager gave back something else than it was given
 * - `destroyed_key_returned`: the key manager had a destroyed key again; it was deleted again
 */
export type CustodyAlarm = 'stored_key_forged' | 'key_repeated' | 'birth_not_confirmed' | 'destroyed_key_returned';

export interface EngineMetrics {
  observeOperation(observation: OperationObservation): void;
  /** A stored key was looked at to be deleted, and stays. */
  storedKeyKept?(why: StayReason): void;
  /** Something that happens only when somebody or something works against the service. */
  custodyAlarm?(alarm: CustodyAlarm): void;
}

/** Why a stored key stays that no object seems to need. */
export type StayReason = KeepReason | 'may_not_delete' | 'may_not_purge';

/** What the engine needs of the world beside the scope; all of it replaceable in tests. */
export interface EngineDependencies {
  readonly clock: Clock;
  newUniqueIdentifier(): UniqueIdentifier;
  newCorrelationId(): CorrelationId;
  /** Cryptographically strong bytes. */
  randomBytes(length: number): Buffer;
  readonly logger: EngineLogger;
  readonly metrics: EngineMetrics;
  /** One for the process: whoever learns what may be deleted has learnt it for all. */
  readonly deletionRights: DeletionRights;
}
