import { DomainError } from '@lib/kernel';

/** What went wrong, in the words the gateway decides by. */
export const KEY_MANAGER_FAULTS = [
  /** The credential itself is refused (unknown, locked, disabled, expired). */
  'credential_rejected',
  /** The credential may not do this. */
  'permission_denied',
  'root_key_disabled',
  'root_key_expired',
  'root_key_deleted',
  'root_key_missing',
  /** Deleted, by the key manager's own word or on a second look. */
  'stored_key_missing',
  /** Not there, or without its material, and yet perhaps not gone: just made, or of the hour a failed-over region lacks. */
  'stored_key_absent',
  /**
   * The root key does not unwrap this: the ciphertext or its AAD is not what it wrapped, or (`doubtful`) the key manager
   * has an error of its own. Proof of nothing that could not be put right: judge it again later.
   */
  'ciphertext_rejected',
  /** The key manager refuses the request for a reason of its own; `reasonCode` names it. */
  'refused',
  'rate_limited',
  'unavailable',
  'timeout',
  /** Our own breaker or bulkhead refused the call without sending it. */
  'overloaded',
] as const;

/** Reason code of ours for what has none: a key manager whose administrators have not made it ready yet. */
export const NOT_INITIALISED = 'HPCS_NOT_INITIALISED';

/** Reason code of ours: whoever gives out tokens does not answer and gave no reason, so the key manager was not asked. */
export const IAM_NOT_AVAILABLE = 'IAM_NOT_AVAILABLE';

/** IAM's codes look like BXNIM0415E. */
const OF_IAM = /^BXNIM\d{4}[A-Z]$/;
const AWAY: ReadonlySet<string> = new Set(['unavailable', 'timeout', 'rate_limited']);

/** It is IAM that gives no token for now; of the key manager that says nothing. */
export const isIamAway = ({
  fault,
  reasonCode,
}: {
  readonly fault: string;
  readonly reasonCode?: string | undefined;
}) => AWAY.has(fault) && reasonCode !== undefined && (reasonCode === IAM_NOT_AVAILABLE || OF_IAM.test(reasonCode));

/** Reason code of ours: the gateway may not call this address, and did not. */
export const ADDRESS_NOT_ALLOWED = 'ADDRESS_NOT_ALLOWED';

export type KeyManagerFault = (typeof KEY_MANAGER_FAULTS)[number];

const TRANSIENT: ReadonlySet<KeyManagerFault> = new Set([
  'stored_key_absent',
  'rate_limited',
  'unavailable',
  'timeout',
  'overloaded',
]);

export class KeyManagerError extends DomainError {
  readonly code: `key_manager_${KeyManagerFault}`;
  /** The root key of the adapter that met it: an instance has several while its keys move. */
  rootKeyId?: string;

  constructor(
    readonly fault: KeyManagerFault,
    message: string,
    readonly details: {
      /** The key manager's own word for the reason. */
      readonly reasonCode?: string;
      readonly httpStatus?: number;
      /** False when the request may have been carried out although no answer came: look before you repeat. */
      readonly certainlyNotDone?: boolean;
      /** The key manager tells an error of its own in the same words: repeated before it is believed. */
      readonly doubtful?: boolean;
      /** The adapter was closed first: another one may serve. Whoever asked may repeat the call there. */
      readonly closed?: true;
      /** How long the key manager (or our own limit for it) asks to be left alone. */
      readonly retryAfterMs?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = `key_manager_${fault}`;
  }

  /** The same call may work later with nothing changed by anyone. */
  get transient(): boolean {
    return TRANSIENT.has(this.fault);
  }

  /** The key manager spoke: caches of clear keys must be dropped. */
  get authoritative(): boolean {
    return !this.transient;
  }
}

/**
 * Whoever asks holds an adapter whose binding was replaced; the registry has its successor.
 * @param certainlyNotDone false when a try before may have been carried out
 */
export const adapterClosed = (certainlyNotDone = true): KeyManagerError =>
  new KeyManagerError('overloaded', 'the binding to the key manager was just replaced; try again', {
    certainlyNotDone,
    closed: true,
  });
