import { asn1, pki, pkcs12 } from 'node-forge';

/**
 * An RSA key with its certificate as PKCS#12 (AES-256), in base64: the form that Windows and vCenter tools import.
 * node-forge writes it because nothing else here can; it knows RSA keys only.
 */
export function toPkcs12(privateKeyPem: string, certificatePem: string, password: string, name: string): string {
  const archive = pkcs12.toPkcs12Asn1(
    pki.privateKeyFromPem(privateKeyPem),
    [pki.certificateFromPem(certificatePem)],
    password,
    { algorithm: 'aes256', friendlyName: name, generateLocalKeyId: true },
  );
  return Buffer.from(asn1.toDer(archive).getBytes(), 'latin1').toString('base64');
}
