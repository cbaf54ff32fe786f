import { type Secret } from '@lib/kernel';
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a derived key is for; a key of one purpose tells nothing of another. */
type Purpose = 'envelope mac' | 'attribute encryption' | 'note mac';

/** Instance and object: what is authenticated for one of them is worth nothing for another. */
export type Owner = readonly string[];

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** RFC 5869 §2.2: what an absent salt stands for. */
const NO_SALT = Buffer.alloc(32);
/** RFC 5869 §2.3: the number of the first block, which is as long as the keys that are derived here. */
const FIRST_BLOCK = Buffer.of(1);

/**
 * HKDF-SHA256 (RFC 5869) for a key of one block. Each Get derives one: `hkdfSync` looks its algorithm up anew each time,
 * which costs three times as much as the two HMACs.
 */
export function hkdfSha256(material: Buffer, info: string): Buffer {
  const pseudorandomKey = createHmac('sha256', NO_SALT).update(material).digest();
  try {
    return createHmac('sha256', pseudorandomKey).update(info, 'utf8').update(FIRST_BLOCK).digest();
  } finally {
    pseudorandomKey.fill(0);
  }
}

/**
 * Only who can unwrap the key under the tenant's root key has the derived one; it is made for one computation and zeroed
 * after it, never stored and never cached.
 */
function withDerivedKey<T>(material: Secret, purpose: Purpose, owner: Owner, use: (key: Buffer) => T): T {
  // JSON keeps the parts apart whatever they hold.
  const info = JSON.stringify(['kmip envelope', 1, purpose, ...owner]);
  const key = hkdfSha256(material.expose(), info);
  try {
    return use(key);
  } finally {
    key.fill(0);
  }
}

/** HMAC-SHA256, base64. */
export const macOf = (material: Secret, purpose: 'envelope mac' | 'note mac', owner: Owner, text: string): string =>
  withDerivedKey(material, purpose, owner, (key) => createHmac('sha256', key).update(text, 'utf8').digest('base64'));

/** In constant time. */
export function isSameMac(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'utf8'), Buffer.from(other, 'utf8')];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** AES-256-GCM: nonce, ciphertext and tag, base64. */
export function sealText(material: Secret, owner: Owner, text: string): string {
  return withDerivedKey(material, 'attribute encryption', owner, (key) => {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
  });
}

/** @returns undefined when it was not sealed with this key for this owner */
export function openText(material: Secret, owner: Owner, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  return withDerivedKey(material, 'attribute encryption', owner, (key) => {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const opened = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([opened, decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  });
}
