import { type CertificateFingerprint, type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { type KeyManager } from '@lib/key-manager';
import { type Credential } from '@lib/kmip-protocol';

import { type ManagedObjectStore } from './ports/managed-object-store.port';

export interface EngineLimits {
  /** Keys of the instance that are not destroyed; Create fails above it. */
  readonly maximumLiveKeys: number;
  /** Identifiers one Locate returns at most. Default `LOCATE_LIMITS.items`. */
  readonly maximumLocatedItems?: number;
  /** Bytes of the answer to one message. Default `MESSAGE_LIMITS.answerBytes`. */
  readonly maximumAnswerBytes?: number;
  /** Total time for one operation: its key-manager calls end by then, and nothing is committed after. Default 8,000. */
  readonly operationTimeoutMs?: number;
  /** For an operation whose time is up to say how it ended; then its client is answered. Default 1,000. */
  readonly operationGraceMs?: number;
  /**
   * KMIP allows a compromised key to be fetched, so that old data can be read and encrypted anew; false refuses.
   * Default true.
   */
  readonly serveCompromisedKeys?: boolean;
}

/** Held until the answer is sent, by whoever made the scope. */
export interface AnswerMemory {
  /** Says how much the answer holds now. @returns false when there is no room for it */
  hold(bytes: number): boolean;
}

/**
 * One client's way to the instances that register its certificate, for one message. Which instance an item concerns
 * follows from what the item asks.
 */
export interface MessageRoute {
  /**
   * Judges the credentials of the header (KMIP 1.4 §2.1.2); asked first, since a right one names an instance. The
   * absence of one is never a fault. @throws OperationFailure('credential_wrong')
   */
  judge(credentials: readonly Credential[]): Promise<void>;
  /** Where new keys are born and Locate looks. @throws OperationFailure when proof is missing */
  births(): Promise<EngineScope>;
  /** Where an object is; when it is nowhere, a scope in which it is not found. */
  holding(uniqueIdentifier: UniqueIdentifier): Promise<EngineScope>;
}

/**
 * One tenant's view for one message. Store and key manager are bound to the instance already: no operation can reach
 * another tenant's key, because nothing it is given leads there. The instance id serves as AAD and in audit only.
 */
export interface EngineScope {
  readonly instanceId: InstanceId;
  readonly certificateFingerprint: CertificateFingerprint;
  readonly certificateName?: string;
  readonly remoteAddress?: string;
  /** The KMIP endpoint that was spoken to, for audit. */
  readonly endpointName: string;
  readonly store: ManagedObjectStore;
  /** Absent while the instance has no root key bound: what needs one says so. */
  readonly keyManager?: KeyManager;
  /** Id of the root key `keyManager` is bound to. */
  readonly rootKeyId?: string;
  /** Key manager of a root key that was bound before, for keys not moved yet. */
  keyManagerOf?(rootKeyId: string): KeyManager | undefined;
  /** The catalog was restored from a backup and is not released: orders of destruction are committed and wait. */
  readonly destructionsWait?: boolean;
  /** Who makes new key material, where the key manager can. Default `local`: from this process's random numbers. */
  readonly keyGeneration?: 'local' | 'key_manager';
  readonly limits: EngineLimits;
  /** What the answer to this message takes of the memory its owner may use for answers. Absent: any amount. */
  readonly answerMemory?: AnswerMemory;
  /** Fires when the process is about to stop: key-manager calls end. */
  readonly signal?: AbortSignal;
  /** Leads to the scopes of other instances that register the client's certificate. Absent: there is this one only. */
  readonly route?: MessageRoute;
}
