import { webcrypto } from 'node:crypto';

import { type Secret } from '@lib/kernel';

import { type SubjectFields, subjectOf } from './issue';
import { newKeyPair, privateKeyPem } from './key-pair';
import { toSigningKey, x509 } from './peculiar';

export interface NewSigningRequest {
  readonly requestPem: string;
  /** PKCS#8 PEM of the key it was made for. */
  readonly privateKeyPem: Secret;
}

/** A new RSA key and a PKCS#10 request signed with it, as vCenter makes one for a key server to sign. */
export async function newSigningRequest(
  subject: SubjectFields & { readonly commonName: string },
): Promise<NewSigningRequest> {
  const keys = await newKeyPair('rsa-2048');
  const { key: privateKey, algorithm } = await toSigningKey(keys.privateKey);
  const spki = keys.publicKey.export({ type: 'spki', format: 'der' });
  const publicKey = await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subjectOf(subject),
    keys: { privateKey, publicKey },
    signingAlgorithm: algorithm,
  });
  return { requestPem: `${request.toString('pem')}\n`, privateKeyPem: privateKeyPem(keys.privateKey) };
}
