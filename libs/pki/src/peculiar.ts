// @peculiar/x509 builds on tsyringe, which reads the metadata API while it loads.
import 'reflect-metadata';

import { type KeyObject, webcrypto } from 'node:crypto';

import * as x509 from '@peculiar/x509';

import { CLIENT_KEY_CURVES } from '@lib/kernel';

export { x509 };

/** What WebCrypto wants to know; the library's own types name DOM types that a server build does not load. */
export interface SignatureAlgorithm {
  readonly name: string;
  readonly hash?: { readonly name: string };
  readonly namedCurve?: string;
}

const SHA_256 = { name: 'SHA-256' };

/** How a key signs certificates. */
function signatureAlgorithmFor(key: KeyObject): SignatureAlgorithm {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { name: 'RSASSA-PKCS1-v1_5', hash: SHA_256 };
    case 'ec':
      return {
        name: 'ECDSA',
        hash: SHA_256,
        namedCurve: curveName(key),
      };
    case 'ed25519':
      return { name: 'Ed25519' };
    default:
      throw new Error(`no signature algorithm for keys of type ${String(key.asymmetricKeyType)}`);
  }
}

function curveName(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const known = CLIENT_KEY_CURVES.find((kind) => kind.curve === curve);
  if (known === undefined) throw new Error(`no signatures on the curve ${String(curve)}`);
  return known.name;
}

/** Keys are made by node:crypto (off the event loop); the X.509 library signs with WebCrypto handles of them. */
export async function toSigningKey(
  privateKey: KeyObject,
): Promise<{ key: webcrypto.CryptoKey; algorithm: SignatureAlgorithm }> {
  const algorithm = signatureAlgorithmFor(privateKey);
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  try {
    const key = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
    return { key, algorithm };
  } finally {
    pkcs8.fill(0);
  }
}

/** Hash of the signature on a certificate. Undefined when the algorithm has none of its own or is unknown here. */
export function signatureHashOf(der: Buffer): string | undefined {
  try {
    const { name, hash } = new x509.X509Certificate(der).signatureAlgorithm as unknown as SignatureAlgorithm;
    return WEAK_SIGNATURE_OIDS.get(name) ?? hash?.name;
  } catch {
    // OpenSSL read the certificate; a signature algorithm this library does not know is no reason to refuse it.
    return undefined;
  }
}

/** The library names an algorithm it does not know by its identifier. */
const WEAK_SIGNATURE_OIDS = new Map([
  ['1.2.840.113549.1.1.2', 'MD2'],
  ['1.2.840.113549.1.1.3', 'MD4'],
  ['1.2.840.113549.1.1.4', 'MD5'],
  ['1.2.840.10040.4.3', 'SHA-1'],
]);
