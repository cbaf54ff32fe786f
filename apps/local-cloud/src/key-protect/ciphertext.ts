import { createCipheriv, createDecipheriv, randomBytes, type CipherGCMTypes } from 'node:crypto';
import { z } from 'zod';
import { type KeyRow, type KeyVersion } from '../journal/rows';
import { KmsError } from './kms.errors';

const FORMAT_VERSION = '4.0.0';
const IV_BYTES = 12;
const TAG_BYTES = 16;

const envelopeSchema = z.strictObject({
  ciphertext: z.base64(),
  iv: z.base64(),
  version: z.literal(FORMAT_VERSION),
  handle: z.string(),
});

/** What a wrap gives out: base64 of a JSON object whose handle is the id of the key version that made it. */
export function seal(version: KeyVersion, plaintext: Buffer, aad: readonly string[]): string {
  const key = Buffer.from(version.material, 'base64');
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(algorithmFor(key), key, iv).setAAD(encodeAad(aad));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  const envelope = {
    ciphertext: sealed.toString('base64'),
    iv: iv.toString('base64'),
    version: FORMAT_VERSION,
    handle: version.id,
  };
  return Buffer.from(JSON.stringify(envelope)).toString('base64');
}

export interface Opened {
  readonly plaintext: Buffer;
  readonly version: KeyVersion;
}

/**
 * Tries the version that the handle names; failing that every version, because any root key of the same material
 * opens the ciphertext, whatever its id.
 * @throws KmsError 422 when none does: another key, other AAD, or a changed ciphertext.
 */
export function open(key: KeyRow, ciphertext: string, aad: readonly string[]): Opened {
  const envelope = readEnvelope(ciphertext);
  const sealed = Buffer.from(envelope.ciphertext, 'base64');
  const iv = Buffer.from(envelope.iv, 'base64');
  const named = key.versions.find(({ id }) => id === envelope.handle);
  for (const version of named ? [named] : key.versions) {
    const plaintext = decrypt(Buffer.from(version.material, 'base64'), iv, sealed, encodeAad(aad));
    if (plaintext) return { plaintext, version };
  }
  throw new KmsError('UNPROCESSABLE_CIPHERTEXT_ERR');
}

function decrypt(key: Buffer, iv: Buffer, sealed: Buffer, aad: Buffer): Buffer | undefined {
  if (sealed.length < TAG_BYTES || iv.length !== IV_BYTES) return undefined;
  try {
    const decipher = createDecipheriv(algorithmFor(key), key, iv, { authTagLength: TAG_BYTES }).setAAD(aad);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function readEnvelope(ciphertext: string): z.output<typeof envelopeSchema> {
  try {
    return envelopeSchema.parse(JSON.parse(Buffer.from(ciphertext, 'base64').toString('utf8')));
  } catch {
    throw new KmsError('UNPROCESSABLE_CIPHERTEXT_ERR');
  }
}

const ALGORITHMS: Readonly<Record<number, CipherGCMTypes>> = {
  16: 'aes-128-gcm',
  24: 'aes-192-gcm',
  32: 'aes-256-gcm',
};

function algorithmFor(key: Buffer): CipherGCMTypes {
  const algorithm = ALGORITHMS[key.length];
  if (!algorithm) throw new Error(`no root key has ${key.length} bytes`);
  return algorithm;
}

/** Order and borders count: ["a","bc"] is not ["ab","c"]. */
const encodeAad = (aad: readonly string[]): Buffer => Buffer.from(JSON.stringify(aad));
