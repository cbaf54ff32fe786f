import { CertificateError } from './pki.errors';

/** Far above any real leaf certificate; keeps parsers away from megabytes of pasted text. */
const MAX_CERTIFICATE_BYTES = 16 * 1024;

const BLOCK = /^-----BEGIN CERTIFICATE-----[ \t]*\n([A-Za-z0-9+/=\s]+)\n-----END CERTIFICATE-----$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** DER of the one certificate in `pem`. Nothing but white space may stand around it. */
export function singleCertificateDer(pem: string): Buffer {
  if (pem.length > MAX_CERTIFICATE_BYTES) {
    throw new CertificateError('certificate_too_large', 'The text is too long for a single certificate.');
  }
  const text = pem.replaceAll('\r\n', '\n').trim();
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new CertificateError(
      'certificate_private_key_included',
      'The text holds a private key. Hand in the certificate alone, and treat that key as disclosed.',
    );
  }
  if ((text.match(/-----BEGIN /g) ?? []).length > 1) {
    throw new CertificateError(
      'certificate_not_single',
      'The text holds more than one PEM block. Hand in the client certificate alone, without its chain.',
    );
  }
  const body = BLOCK.exec(text)?.[1]?.replaceAll(/\s/g, '');
  if (body === undefined || body.length % 4 !== 0 || !BASE64.test(body)) {
    throw new CertificateError(
      'certificate_malformed',
      'The text is not a PEM certificate: it must begin with -----BEGIN CERTIFICATE----- and end with -----END CERTIFICATE-----, with nothing before or after.',
    );
  }
  return Buffer.from(body, 'base64');
}

/** Every CERTIFICATE block of a file that may hold a chain, leaf first. */
export function certificateBlocks(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}
