import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import { Secret } from '@lib/kernel';

import { type KeyReference } from '../kmip/provider-keys';
import { type SealedRow } from '../rows';

const ALGORITHM = 'id-aes256-wrap';
/** RFC 3394 §2.2.3.1: whoever unwraps with another key than it was wrapped with finds another value here. */
const INITIAL_VALUE = Buffer.alloc(8, 0xa6);
const DATA_KEY_BYTES = 32;

/** A new data key under this key. */
export function sealNew(key: KeyReference, material: Secret): SealedRow {
  return wrap(key, material, Secret.of(randomBytes(DATA_KEY_BYTES)));
}

/** The same data key under another key: what a shallow recrypt does. @throws Error when it is not the key it was sealed with */
export function reseal(sealed: SealedRow, oldMaterial: Secret, key: KeyReference, material: Secret): SealedRow {
  return wrap(key, material, unwrap(sealed, oldMaterial));
}

/** Whether the key opens it: no key but the one it was sealed with does. */
export function opens(sealed: SealedRow, material: Secret): boolean {
  try {
    unwrap(sealed, material).wipe();
    return true;
  } catch {
    return false;
  }
}

function unwrap({ wrapped }: SealedRow, material: Secret): Secret {
  const decipher = createDecipheriv(ALGORITHM, material.expose(), INITIAL_VALUE);
  return Secret.of(Buffer.concat([decipher.update(Buffer.from(wrapped, 'base64')), decipher.final()]));
}

function wrap({ keyId, providerId }: KeyReference, material: Secret, dataKey: Secret): SealedRow {
  const cipher = createCipheriv(ALGORITHM, material.expose(), INITIAL_VALUE);
  const wrapped = Buffer.concat([cipher.update(dataKey.expose()), cipher.final()]).toString('base64');
  dataKey.wipe();
  return { keyId, providerId, wrapped };
}
