import { type CertificateFingerprint, type InstanceId } from '@lib/kernel';

/** A certificate that may connect to one instance. It is trusted by its fingerprint, not by who signed it. */
export interface ClientCertificate {
  readonly instanceId: InstanceId;
  readonly id: string;
  /** Unique within the instance. */
  readonly name: string;
  /** SHA-256 of the DER; unique within the instance. Others may register the same certificate: it is a public value. */
  readonly fingerprint: CertificateFingerprint;
  /** SHA-1 of the DER, for comparing with what vCenter shows; decides nothing. */
  readonly sha1Fingerprint: string;
  readonly pem: string;
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** e.g. `rsa-2048`, `ec-prime256v1`, `ed25519`. */
  readonly keyType: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly revision: number;
}
