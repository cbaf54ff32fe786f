import { type InstanceId } from '@lib/kernel';

import { admitted, type DirectoryEntry, type FormerRegistration, type Registrations } from './registration';

/** What the operator demands beyond a registration. */
export interface ProofPolicy {
  /** Keys are born only where the certificate is proven, for registrations made since then. Absent: for none. */
  readonly requiredSince?: Date;
  /** From then on for older registrations too. */
  readonly olderFrom?: Date;
}

/** Why no keys are born for a certificate. */
export const BIRTH_REFUSALS = [
  /** Several instances register it, and nothing shows whose it is. */
  'certificate_unproven',
  /** The operator demands proof of every newcomer. */
  'proof_required',
  /** Whose it is is known, and that registration was removed or serves nobody at the moment. */
  'registration_not_serving',
] as const;
export type BirthRefusal = (typeof BIRTH_REFUSALS)[number];

export type Birthplace = { readonly instance: DirectoryEntry } | { readonly refusal: BirthRefusal };

type Registration = DirectoryEntry | FormerRegistration;

/**
 * The instance in which a certificate's new keys are born and found by Locate. One rule for all: gateways act by it,
 * and tenants are told by it. Registering a certificate takes nothing from anybody, and neither does removing one.
 * @param named the instance that the request itself names by credential or host name
 */
export function birthplaceOf(
  registrations: Registrations,
  policy: ProofPolicy,
  now: Date,
  named?: InstanceId,
): Birthplace {
  const { current } = registrations;
  const addressed = current.find(({ instanceId }) => instanceId === named);
  if (addressed !== undefined) return serving(addressed);
  const chosen = chosenAmong(counting(registrations));
  if (chosen === undefined) return { refusal: 'certificate_unproven' };
  if (!isCurrent(chosen)) return { refusal: 'registration_not_serving' };
  return lacksProof(chosen, policy, now) ? { refusal: 'proof_required' } : serving(chosen);
}

/**
 * All that have a say. A former registration has one towards the registrations of other accounts: what is removed does
 * not fall to a stranger who waits. An owner who moves between instances of its own is not kept waiting.
 */
function counting({ current, former }: Registrations): readonly Registration[] {
  return [...current, ...former.filter(({ accountId }) => current.some((other) => other.accountId !== accountId))];
}

/** False while nobody but one instance, and former ones of its own account, registers the certificate. */
export const isDisputed = (registrations: Registrations): boolean => counting(registrations).length > 1;

function chosenAmong(all: readonly Registration[]): Registration | undefined {
  return (
    first(all, ({ standing }) => standing.proof && -standing.proof.at.getTime()) ??
    first(all, ({ standing }) => standing.establishedAt?.getTime()) ??
    recognized(all) ??
    only(all)
  );
}

/** By rank, then by id: which of equals comes first must not hang on who is registered and who was. */
function first(
  all: readonly Registration[],
  rankOf: (registration: Registration) => number | undefined,
): Registration | undefined {
  const ranked = all.flatMap((registration) => {
    const rank = rankOf(registration);
    return rank === undefined ? [] : [{ rank, registration }];
  });
  ranked.sort((one, other) =>
    one.rank === other.rank
      ? one.registration.instanceId < other.registration.instanceId
        ? -1
        : 1
      : one.rank - other.rank,
  );
  return ranked[0]?.registration;
}

/** Two that are recognized contradict each other, and neither is believed. */
function recognized(all: readonly Registration[]): Registration | undefined {
  return only(all.filter(({ standing }) => standing.recognizedAt !== undefined));
}

function only(some: readonly Registration[]): Registration | undefined {
  return some.length === 1 ? some[0] : undefined;
}

function lacksProof({ standing }: Registration, { requiredSince, olderFrom }: ProofPolicy, now: Date): boolean {
  if (requiredSince === undefined || standing.proof !== undefined) return false;
  return standing.registeredAt >= requiredSince || (olderFrom !== undefined && now >= olderFrom);
}

const serving = (entry: DirectoryEntry): Birthplace =>
  admitted(entry) ? { instance: entry } : { refusal: 'registration_not_serving' };

const isCurrent = (registration: Registration): registration is DirectoryEntry => 'certificateId' in registration;
