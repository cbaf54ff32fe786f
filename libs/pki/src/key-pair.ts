import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

import { Secret } from '@lib/kernel';

const generate = promisify(generateKeyPair);

export type KeyKind = 'rsa-2048' | 'rsa-4096' | 'ec-p256' | 'ec-p384' | 'ed25519';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Made in OpenSSL's thread pool, so that the event loop goes on. */
export async function newKeyPair(kind: KeyKind): Promise<KeyPair> {
  switch (kind) {
    case 'rsa-2048':
      return generate('rsa', { modulusLength: 2048 });
    case 'rsa-4096':
      return generate('rsa', { modulusLength: 4096 });
    case 'ec-p256':
      return generate('ec', { namedCurve: 'prime256v1' });
    case 'ec-p384':
      return generate('ec', { namedCurve: 'secp384r1' });
    case 'ed25519':
      return generate('ed25519');
  }
}

/** PKCS#8 PEM of a private key, in a holder that does not print it. */
export function privateKeyPem(key: KeyObject): Secret {
  return Secret.of(Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })));
}

export function readPrivateKey(pem: Secret): KeyPair {
  const privateKey = createPrivateKey(pem.expose());
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
