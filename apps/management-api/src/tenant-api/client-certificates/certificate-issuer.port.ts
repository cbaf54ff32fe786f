import { type Secret } from '@lib/kernel';

/** Makes client certificates, for administrators who have none. Trust lies in the fingerprint, not in this issuer. */
export interface CertificateIssuer {
  /** @throws SigningRequestError */
  sign(requestPem: string, validDays: number): Promise<string>;
  /** A fresh key with its certificate. The caller wipes the key. */
  issue(
    commonName: string,
    validDays: number,
  ): Promise<{ readonly certificatePem: string; readonly privateKeyPem: Secret }>;
}
