import { type Secret } from '@lib/kernel';
import {
  type CertificateAuthority,
  issueCertificateAuthority,
  issueClientCertificate,
  signCertificateRequest,
} from '@lib/pki';

import { type CertificateIssuer } from './certificate-issuer.port';

const ISSUER_NAME = 'KMIP for VMware client certificates';

/**
 * Signs with an authority that is made for one certificate and thrown away: clients are known by the fingerprint of
 * their certificate, so an authority that could sign again would be worth stealing and good for nothing.
 */
export class PkiCertificateIssuer implements CertificateIssuer {
  async sign(requestPem: string, validDays: number): Promise<string> {
    const authority = await issueCertificateAuthority({ commonName: ISSUER_NAME, validDays });
    try {
      return (await signCertificateRequest(authority, requestPem, { validDays })).certificatePem;
    } finally {
      wipe(authority);
    }
  }

  issue(commonName: string, validDays: number): Promise<{ certificatePem: string; privateKeyPem: Secret }> {
    return issueClientCertificate('self-signed', { commonName, validDays });
  }
}

function wipe({ privateKeyPem }: CertificateAuthority): void {
  privateKeyPem.wipe();
}
