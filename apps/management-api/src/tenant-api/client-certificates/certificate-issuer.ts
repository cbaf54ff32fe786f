import { type Clock, type Secret } from '@lib/kernel';
import {
  type CertificateAuthority,
  describeCertificate,
  ensureClientAuthority,
  issueCertificateAuthority,
  issueClientCertificate,
  signCertificateRequest,
} from '@lib/pki';

const DAY_MS = 86_400_000;
const IN_MEMORY_VALID_DAYS = 3_650;

/**
 * Makes client certificates, for administrators who have none, with the client CA of the region, which all processes
 * share. Nobody is let in because this CA signed a certificate: clients are known by the fingerprint of theirs.
 */
export class CertificateIssuer {
  private constructor(
    private readonly authority: CertificateAuthority,
    private readonly clock: Clock,
  ) {}

  /**
   * @param folder where the CA is kept; made when there is none. Without one the CA lives and dies with this process.
   * @throws ServerPkiError when the folder is damaged or cannot be written
   */
  static async open(commonName: string, clock: Clock, folder?: string): Promise<CertificateIssuer> {
    const authority =
      folder === undefined
        ? await issueCertificateAuthority({ commonName, validDays: IN_MEMORY_VALID_DAYS })
        : await ensureClientAuthority(folder, commonName);
    return new CertificateIssuer(authority, clock);
  }

  /** @throws SigningRequestError */
  async sign(requestPem: string, validDays: number): Promise<string> {
    const validity = { validDays: this.#withinAuthority(validDays) };
    return (await signCertificateRequest(this.authority, requestPem, validity)).certificatePem;
  }

  /** A fresh key with its certificate. The caller wipes the key. */
  issue(commonName: string, validDays: number): Promise<{ certificatePem: string; privateKeyPem: Secret }> {
    return issueClientCertificate(this.authority, { commonName, validDays: this.#withinAuthority(validDays) });
  }

  /** A certificate that outlives its CA is refused by whoever does check the chain. */
  #withinAuthority(validDays: number): number {
    const now = this.clock.now();
    const { notAfter } = describeCertificate(this.authority.certificatePem, now);
    return Math.min(validDays, Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS));
  }
}
