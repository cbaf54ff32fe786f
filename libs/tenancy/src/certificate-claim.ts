export const CLAIM_KINDS = ['fingerprint', 'subject', 'address_range'] as const;
export type ClaimKind = (typeof CLAIM_KINDS)[number];

/**
 * A tenant's word that strangers of this kind are its own clients. Who has a fingerprint has the certificate and is shown
 * the strangers that present it; other claims are guesses, and are told how many there are.
 */
export interface CertificateClaim {
  readonly id: string;
  readonly kind: ClaimKind;
  readonly value: string;
  readonly createdAt: Date;
}

export interface CertificateClaimRepository {
  list(): Promise<readonly CertificateClaim[]>;
  count(): Promise<number>;
  get(id: string): Promise<CertificateClaim | undefined>;
  /** @throws TenancyError('duplicate_claim') */
  insert(claim: CertificateClaim): Promise<void>;
  remove(id: string): Promise<void>;
}
