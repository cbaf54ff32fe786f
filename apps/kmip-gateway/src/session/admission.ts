import { type Clock, type InstanceId } from '@lib/kernel';
import { ResultReason } from '@lib/kmip-protocol';
import { type PeerDescription } from '@lib/kmip-transport';
import { colonForm, validityFault } from '@lib/pki';
import {
  admitted,
  type Birthplace,
  birthplaceOf,
  type ClientDirectory,
  type DirectoryEntry,
  type ProofPolicy,
  type Registrations,
} from '@lib/tenancy';

/** Why a client is not served: a closed list, for metrics and diagnosis. */
export const REFUSALS = [
  'no_certificate',
  'allow_list_outdated',
  'certificate_unknown',
  'certificate_expired',
  'certificate_not_yet_valid',
  'instance_disabled',
  'instance_removing',
] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface Refused {
  readonly refusal: Refusal;
  /** For the client's administrator. */
  readonly message: string;
  /** Whose certificate it is, when it is on an allow-list all the same. */
  readonly known?: DirectoryEntry;
}

/** A client that is let in. */
export interface Admitted {
  /** The instance where its keys are born, or else the oldest that lets it in. */
  readonly client: DirectoryEntry;
  /**
   * Whose connections and turns it takes. Absent while nothing shows whose it is: it must not use up a stranger's, nor
   * a stranger its own.
   */
  readonly owner?: InstanceId;
  /** All that registers its certificate. */
  readonly registrations: Registrations;
}

export type Verdict = Admitted | Refused;

/**
 * Judges a client by its certificate: SHA-256 of the leaf in the tenant's allow-list, and the dates. From memory, so it
 * can be asked for each connection and again for each request.
 */
export class AllowListJudge {
  constructor(
    private readonly directory: Pick<ClientDirectory, 'lookup' | 'stale'>,
    private readonly clock: Clock,
    private readonly policy: ProofPolicy = {},
  ) {}

  judge(peer: PeerDescription): Verdict {
    const { fingerprint, certificate } = peer;
    if (fingerprint === undefined || certificate === undefined) return refuse('no_certificate');
    const registrations = this.directory.lookup(fingerprint);
    const [client] = registrations?.current ?? [];
    // Who is on an old list may be off the present one, and the other way round.
    if (this.directory.stale) return refuse('allow_list_outdated', '', client);
    if (registrations === undefined || client === undefined) {
      return refuse('certificate_unknown', colonForm(fingerprint));
    }
    const now = this.clock.now();
    const fault = validityFault({ notBefore: certificate.validFrom, notAfter: certificate.validTo }, now);
    if (fault !== undefined) return refuse(`certificate_${fault.kind}`, fault.clocks, client);
    return (
      admittedBy(registrations, birthplaceOf(registrations, this.policy, now)) ??
      refuse(client.instanceEnabled ? 'instance_removing' : 'instance_disabled', '', client)
    );
  }
}

function admittedBy(registrations: Registrations, birthplace: Birthplace): Admitted | undefined {
  if ('instance' in birthplace) {
    const { instance: client } = birthplace;
    return { client, owner: client.instanceId, registrations };
  }
  const client = registrations.current.find(admitted);
  if (client === undefined) return undefined;
  return { client, registrations, ...(registrations.current.length === 1 && { owner: client.instanceId }) };
}

/** What the administrator reads in vCenter's log. Names nothing but what the client itself presented. */
export const REFUSAL_TEXTS: Readonly<Record<Refusal, (detail: string) => string>> = {
  no_certificate: () =>
    'The client presented no certificate. Establish trust in vCenter first: the KMIP server identifies it by its certificate.',
  allow_list_outdated: () =>
    'This KMIP endpoint could not read the list of allowed client certificates for 30 seconds and serves nobody until it can: certificates may have been removed meanwhile. Nothing in vCenter needs to be changed; the other endpoint may serve, and this one does again by itself.',
  certificate_unknown: (fingerprint) =>
    `The client certificate is not allowed in any KMIP instance of this region. Add the certificate with SHA-256 fingerprint ${fingerprint} to your instance; if it is there, vCenter now presents another one.`,
  certificate_expired: (clocks) =>
    `The client certificate expired at ${clocks}. Make a new one in vCenter and add it to your KMIP instance; both may be allowed at the same time.`,
  certificate_not_yet_valid: (clocks) =>
    `The client certificate is not valid before ${clocks}. Check the clock of vCenter.`,
  instance_disabled: () =>
    'The KMIP instance is disabled in IBM Cloud. Nothing was deleted: keys are served again once it is enabled.',
  instance_removing: () => 'The KMIP instance is being removed.',
};

/** A trouble of ours, which passes: the client keeps its connection, and nothing about it belongs in its trail. */
export const isPassing = (refusal: Refusal): boolean => refusal === 'allow_list_outdated';

export const reasonOf = (refusal: Refusal): ResultReason =>
  isPassing(refusal) ? ResultReason.GeneralFailure : ResultReason.AuthenticationNotSuccessful;

const refuse = (refusal: Refusal, detail = '', known?: DirectoryEntry): Refused => ({
  refusal,
  message: REFUSAL_TEXTS[refusal](detail),
  ...(known && { known }),
});
