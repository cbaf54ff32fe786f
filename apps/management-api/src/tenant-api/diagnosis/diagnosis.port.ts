import { type InstanceId } from '@lib/kernel';

/** A certificate as a client presented it; nothing in it is to be believed but its fingerprint. */
export interface PresentedCertificate {
  readonly fingerprint: string;
  readonly sha1Fingerprint?: string;
  readonly subject?: string;
  readonly issuer?: string;
  readonly serialNumber?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly pem?: string;
}

/** Equal attempts are one: same client, same certificate, same endpoint, same verdict. */
export interface ConnectionAttempt {
  readonly id: string;
  readonly verdict: string;
  readonly address: string;
  readonly endpoint: string;
  readonly certificate?: PresentedCertificate;
  readonly occurrences: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

export type ClaimKind = 'fingerprint' | 'subject' | 'address_range';

/** A tenant's word that refused connections of this kind are its own, so that they are shown to it. */
export interface CertificateClaim {
  readonly id: string;
  readonly kind: ClaimKind;
  readonly value: string;
  readonly createdAt: Date;
  readonly revision: number;
}

export interface AttemptQuery {
  readonly verdict?: string;
  readonly after?: { readonly at: Date; readonly id: string };
  readonly limit: number;
}

/** Connection attempts as far as an instance may see them: those with its certificates or under its claims. */
export interface Diagnosis {
  /** Latest first. */
  list(instanceId: InstanceId, query: AttemptQuery): Promise<readonly ConnectionAttempt[]>;
  find(instanceId: InstanceId, id: string): Promise<ConnectionAttempt | undefined>;
}
