import { type InstanceId } from '@lib/kernel';
import { type EndpointVisibility } from '@lib/key-manager';

import { type KeyMoves } from './key-moves';
import { type RootKeyHealth } from './root-key-health';

/** `retiring`: replaced, but keys wrapped under it have not all been moved yet. */
export type RootKeyBindingStatus = 'active' | 'retiring';

/** Which root key (CRK) of which key-manager instance protects the keys of an instance. */
export interface RootKeyBinding {
  readonly instanceId: InstanceId;
  readonly id: string;
  /** Of key manager; its driver reads `keyManagerCrn`. */
  readonly kind: string;
  readonly keyManagerCrn: string;
  /** Made from the region list or read from the resource instance and checked; never free text. */
  readonly endpointUrl: string;
  /** What was asked for; absent in bindings that were made before it was kept. */
  readonly endpointVisibility?: EndpointVisibility;
  readonly rootKeyId: string;
  readonly keyRingId?: string;
  readonly status: RootKeyBindingStatus;
  /** What the last probe found, when it was not well. */
  readonly statusDetail?: string;
  readonly checkedAt?: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly revision: number;
  /** Of the keys that are to leave it, or its older versions; absent while no gateway has looked. */
  readonly moves?: KeyMoves;
  /** Set while the administrator wants none of them moved. */
  readonly movesPausedAt?: Date;
  /** How often somebody asked for another try: what is remembered of the one before counts no more. */
  readonly moveAttempt: number;
  /** How its calls went lately; absent while none was made. */
  readonly health?: RootKeyHealth;
  /** When a test value goes through it next; absent where that has not been done yet. */
  readonly lookDueAt?: Date;
  /** When the keys that its key manager lists are compared with the catalog next; absent where that has not been done yet. */
  readonly watchDueAt?: Date;
}

/** Names the adapter of a binding: with another revision, attempt or credential there is another one. */
export const adapterVersion = (
  { revision, moveAttempt }: Pick<RootKeyBinding, 'revision' | 'moveAttempt'>,
  credentialId: string,
): string => `${revision}/${moveAttempt}/${credentialId}`;

/** The API key with which we act at the tenant's key managers, without the key itself. */
export interface Credential {
  readonly instanceId: InstanceId;
  readonly id: string;
  readonly serviceIdIamId?: string;
  readonly createdAt: Date;
  readonly revision: number;
}

/** A credential as it is stored. */
export interface SealedCredential extends Credential {
  readonly serviceKeyVersion: number;
  readonly sealedApiKey: Buffer;
}

/**
 * With which a former root key is reached, where the API key that came with the present one does not reach it: keys lie
 * there still, perhaps in another account. It goes with the binding.
 */
export interface FormerCredential extends SealedCredential {
  readonly bindingId: string;
}
