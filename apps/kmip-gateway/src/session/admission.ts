import { type Clock } from '@lib/kernel';
import { type PeerDescription } from '@lib/kmip-transport';
import { colonForm } from '@lib/pki';
import { admitted, type ClientDirectory, type DirectoryEntry } from '@lib/tenancy';

/** Why a client is not served: a closed list, for metrics and diagnosis. */
export const REFUSALS = [
  'no_certificate',
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

export type Verdict = { readonly client: DirectoryEntry } | Refused;

/**
 * Judges a client by its certificate: SHA-256 of the leaf in the tenant's allow-list, and the dates. From memory, so it
 * can be asked for each connection and again for each request.
 */
export class Admission {
  constructor(
    private readonly directory: Pick<ClientDirectory, 'lookup'>,
    private readonly clock: Clock,
  ) {}

  judge(peer: PeerDescription): Verdict {
    const { fingerprint, certificate } = peer;
    if (fingerprint === undefined || certificate === undefined) return refuse('no_certificate');
    const client = this.directory.lookup(fingerprint);
    if (client === undefined) return refuse('certificate_unknown', colonForm(fingerprint));
    const now = this.clock.now();
    if (now < certificate.validFrom) return refuse('certificate_not_yet_valid', iso(certificate.validFrom), client);
    if (now > certificate.validTo) return refuse('certificate_expired', iso(certificate.validTo), client);
    if (!admitted(client))
      return refuse(client.instanceEnabled ? 'instance_removing' : 'instance_disabled', '', client);
    return { client };
  }
}

/** What the administrator reads in vCenter's log. Names nothing but what the client itself presented. */
const TEXTS: Readonly<Record<Refusal, (detail: string) => string>> = {
  no_certificate: () =>
    'The client presented no certificate. Establish trust in vCenter first: the KMIP server identifies it by its certificate.',
  certificate_unknown: (fingerprint) =>
    `The client certificate is not allowed in any KMIP instance of this region. Add the certificate with SHA-256 fingerprint ${fingerprint} to your instance; if it is there, vCenter now presents another one.`,
  certificate_expired: (date) =>
    `The client certificate expired at ${date}. Make a new one in vCenter and add it to your KMIP instance; both may be allowed at the same time.`,
  certificate_not_yet_valid: (date) =>
    `The client certificate is not valid before ${date}. Check the clock of vCenter.`,
  instance_disabled: () =>
    'The KMIP instance is disabled in IBM Cloud. Nothing was deleted: keys are served again once it is enabled.',
  instance_removing: () => 'The KMIP instance is being removed.',
};

const iso = (date: Date): string => date.toISOString();

const refuse = (refusal: Refusal, detail = '', known?: DirectoryEntry): Refused => ({
  refusal,
  message: TEXTS[refusal](detail),
  ...(known && { known }),
});
