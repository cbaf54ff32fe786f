import { createPrivateKey, X509Certificate } from 'node:crypto';

import { type CertificateInfo } from '@lib/vi-json';
import { toTimestamp } from '@lib/stand-in';

import { invalidArgument } from '../vim/fault';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/;

/** The first certificate of a PEM text, with or without a last line end. @throws VimFault InvalidArgument */
export function readCertificate(pem: string, property = 'certificate'): X509Certificate {
  const [block] = BLOCK.exec(pem) ?? [];
  if (block === undefined) throw invalidArgument(property);
  try {
    return new X509Certificate(block);
  } catch {
    throw invalidArgument(property);
  }
}

/** Whether the certificate was made for the key; false where either cannot be read. */
export function belongTogether(certificate: X509Certificate, privateKeyPem: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    return false;
  }
}

/** As vCenter shows a certificate: SHA-1, and seconds by its own clock. Form of the fingerprint [inferred]. */
export function certificateInfo(pem: string, now: Date): CertificateInfo {
  const certificate = new X509Certificate(pem);
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  const seconds = (ms: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.floor(ms / 1000)));
  return {
    _typeName: 'CryptoManagerKmipCertificateInfo',
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    serialNumber: certificate.serialNumber,
    notBefore: toTimestamp(from),
    notAfter: toTimestamp(to),
    fingerprint: certificate.fingerprint,
    checkTime: toTimestamp(now),
    secondsSinceValid: seconds(now.getTime() - from.getTime()),
    secondsBeforeExpire: seconds(to.getTime() - now.getTime()),
  };
}

const oneLine = (name: string): string => name.split('\n').join(', ');
