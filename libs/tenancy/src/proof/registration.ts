import { type CertificateFingerprint, type InstanceId } from '@lib/kernel';

import { type CredentialPolicy, type InstanceState } from '../instance';

/**
 * What showed that a certificate speaks for an instance. A certificate is a public value; that somebody has it shows
 * nothing.
 */
export const PROOF_KINDS = [
  /** We made or signed it for this instance. */
  'issued',
  /** The operator registered it or took it over. */
  'operator',
  /** A request on a connection with it carried the instance's KMIP user name and password. */
  'credential',
  /** A connection with it was made to the instance's own host name. */
  'host_name',
  /** Handed over by one who may manage certificates in both instances. */
  'hand_over',
] as const;
export type ProofKind = (typeof PROOF_KINDS)[number];

/** The latest proof; an older one decides nothing beside it. */
export interface Proof {
  readonly kind: ProofKind;
  readonly at: Date;
}

/** What a certificate has shown towards one instance. Lasts longer than the registration. */
export interface Standing {
  readonly registeredAt: Date;
  readonly proof?: Proof;
  /** We made or signed it for this instance: it can be registered in no other, a hand-over aside. */
  readonly issued: boolean;
  /** It had been in use here for a week when somebody else registered it for the first time. */
  readonly establishedAt?: Date;
  /** It named a key that another certificate of this instance made: it is that one's successor. */
  readonly recognizedAt?: Date;
}

interface AnyRegistration {
  readonly fingerprint: CertificateFingerprint;
  readonly instanceId: InstanceId;
  readonly accountId: string;
  readonly standing: Standing;
}

/** A certificate that is registered in an instance, as the gateways need it. */
export interface DirectoryEntry extends AnyRegistration {
  readonly certificateId: string;
  readonly certificateName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly instanceEnabled: boolean;
  readonly instanceState: InstanceState;
  /** Quota of the instance: keys that are not destroyed. */
  readonly maximumKeys: number;
  readonly credentialPolicy: CredentialPolicy;
}

/** A certificate that was registered in an instance. It lets nobody in, and hands nothing over to others. */
export type FormerRegistration = AnyRegistration;

/** All about one certificate in the region, the oldest registration first. */
export interface Registrations {
  readonly current: readonly DirectoryEntry[];
  readonly former: readonly FormerRegistration[];
}

/** False while the instance is disabled or going away: its certificates are known but let nobody in. */
export function admitted({
  instanceEnabled,
  instanceState,
}: Pick<DirectoryEntry, 'instanceEnabled' | 'instanceState'>): boolean {
  return instanceEnabled && instanceState !== 'removing';
}
