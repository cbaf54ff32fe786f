import { type AuditEvent } from '@lib/audit';
import {
  type KindNumbers,
  keyName,
  type LostKey,
  keyVersion,
  type ManagedObject,
  ownerOf,
  recoverableUntil,
  stateAt,
  type StoredState,
  textOf,
} from '@lib/kmip-engine';
import { keyMoveStateOf } from '@lib/tenancy';

import { entityTag } from '../../http/entity-tag';
import { obstacleOf, type Serving } from './key-servability';

/** KMIP 1.4 §9.1.3.2.18, in the words of the API. */
export const KEY_STATES = {
  PreActive: 'pre_active',
  Active: 'active',
  Deactivated: 'deactivated',
  Compromised: 'compromised',
  Destroyed: 'destroyed',
  DestroyedCompromised: 'destroyed_compromised',
} as const satisfies Record<StoredState, string>;

/** Of a key whose stored key is gone, whatever KMIP says of it. */
export const SHREDDED = 'shredded';

/** Cryptographic Algorithm (KMIP 1.4 §9.1.3.2.13) of what can be created. */
const ALGORITHMS: Readonly<Record<number, string>> = { 1: 'des', 2: 'triple_des', 3: 'aes' };

const NOTICE = 'Fetched is not used: hosts keep keys in memory, and a key that was not fetched may still be needed.';

export interface KeyContext {
  readonly href: string;
  readonly now: Date;
  /** Names of the instance's certificates by SHA-256. */
  readonly certificateNames: ReadonlyMap<string, string>;
  readonly serving: Serving;
  /** The audit record of the last fetch, when it was looked up. */
  readonly lastFetch?: AuditEvent;
}

/** Everything but the key. */
export function keyResponse(key: ManagedObject, context: KeyContext): { readonly etag: string } {
  const lost = context.serving.lost.get(key.uniqueIdentifier);
  const unservable = obstacleOf(key, context.serving);
  const body = {
    id: key.uniqueIdentifier,
    href: context.href,
    name: keyName(key),
    state: lost === undefined ? KEY_STATES[stateAt(key, context.now)] : SHREDDED,
    suspended: key.suspended,
    servable: unservable === undefined,
    unservable,
    shredded: lost && shreddedResponse(lost, context),
    ...numbersOf(key),
    ...ownedBy(key),
    attributes: key.attributes.map(({ name, index, value }) => ({ name, index, value: textOf(value) })),
    created_by: creator(key.createdBy, context),
    created_at: key.initialDate.toISOString(),
    updated_at: key.lastChangeDate.toISOString(),
    activated_at: key.activationDate?.toISOString(),
    deactivated_at: key.deactivationDate?.toISOString(),
    compromised_at: key.compromiseDate?.toISOString(),
    destroyed_at: key.destroyDate?.toISOString(),
    recovery: recoveryOf(key, context),
    custody: key.custody && custodyResponse(key.custody, context.serving),
    last_fetched: lastFetched(key, context),
  };
  return { ...body, etag: entityTag(keyVersion(key), body) };
}

/** As far as its kind has them. */
function numbersOf({ cryptographicAlgorithm: algorithm, ...others }: KindNumbers): object {
  return {
    algorithm: algorithm && (ALGORITHMS[algorithm] ?? `algorithm_${algorithm}`),
    length: others.cryptographicLength,
    usage_mask: others.cryptographicUsageMask,
  };
}

const ownedBy = (key: ManagedObject): object => {
  const owner = ownerOf(key);
  return owner ? { owner } : {};
};

/** Destroyed here is not gone there: the key manager keeps what was deleted for a while. */
function recoveryOf(key: ManagedObject, { now }: KeyContext): object | undefined {
  const until = recoverableUntil(key);
  if (until === undefined) return undefined;
  const purgedAt = key.purgedAt?.toISOString();
  return {
    possible: purgedAt === undefined && now < until,
    until: purgedAt ?? until.toISOString(),
    purged_at: purgedAt,
  };
}

function shreddedResponse({ since, restorableUntil }: LostKey, { now }: KeyContext): object {
  return {
    since: since.toISOString(),
    restorable: restorableUntil !== undefined && now < restorableUntil,
    restorable_until: restorableUntil?.toISOString(),
  };
}

function custodyResponse(
  { storedKeyId, rootKeyId, rootKeyVersion }: NonNullable<ManagedObject['custody']>,
  { bindings }: Serving,
): object {
  const binding = bindings.find((one) => one.rootKeyId === rootKeyId);
  return {
    stored_key_id: storedKeyId,
    root_key_id: rootKeyId,
    root_key_version: rootKeyVersion,
    move_state: (binding && keyMoveStateOf(binding, rootKeyVersion)) ?? 'none',
  };
}

function creator(fingerprint: string, { certificateNames }: KeyContext): object {
  return { sha256_fingerprint: fingerprint, name: certificateNames.get(fingerprint) };
}

function lastFetched(key: ManagedObject, context: KeyContext): object | undefined {
  if (!key.lastFetchedAt) return undefined;
  const initiator = context.lastFetch?.initiator;
  const by = initiator?.kind === 'certificate' ? initiator : undefined;
  return {
    at: key.lastFetchedAt.toISOString(),
    certificate: by && creator(by.fingerprint, context),
    address: by?.address,
    notice: NOTICE,
  };
}
