import { type InstanceId } from '@lib/kernel';

import { type BirthRefusal, birthplaceOf, type ProofPolicy } from './birthplace';
import { type Proof, type Registrations } from './registration';

/** Why new keys are born in this instance, in another one, or nowhere. */
export type BirthReason =
  | 'proven'
  | 'established'
  | 'recognized'
  /** Nobody else registers the certificate, so far. */
  | 'only_registration'
  /** It has shown towards another instance what it has not shown here, or shown it later. */
  | 'known_elsewhere'
  | BirthRefusal;

/** What an owner may know of one of its certificates. Who else registers it is nobody's business. */
export interface CertificateBirths {
  readonly proof?: Proof;
  readonly established: boolean;
  readonly place: 'here' | 'elsewhere' | 'refused';
  readonly reason: BirthReason;
}

/** By the rule that the gateways act by. */
export function birthsAt(
  instanceId: InstanceId,
  registrations: Registrations,
  policy: ProofPolicy,
  now: Date,
): CertificateBirths {
  const standing = registrations.current.find((entry) => entry.instanceId === instanceId)?.standing;
  const told = {
    ...(standing?.proof && { proof: standing.proof }),
    established: standing?.establishedAt !== undefined,
  };
  const birthplace = birthplaceOf(registrations, policy, now);
  if ('refusal' in birthplace) return { ...told, place: 'refused', reason: birthplace.refusal };
  if (birthplace.instance.instanceId !== instanceId) return { ...told, place: 'elsewhere', reason: 'known_elsewhere' };
  return { ...told, place: 'here', reason: reasonOf(birthplace.instance.standing) };
}

function reasonOf({ proof, establishedAt, recognizedAt }: Registrations['current'][number]['standing']): BirthReason {
  if (proof !== undefined) return 'proven';
  if (establishedAt !== undefined) return 'established';
  return recognizedAt === undefined ? 'only_registration' : 'recognized';
}
