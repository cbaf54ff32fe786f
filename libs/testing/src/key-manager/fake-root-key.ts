import { KeyManagerError, type Aad, type RootKeyState } from '@lib/key-manager';
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';

interface RootKeyVersion {
  readonly id: string;
  readonly material: Buffer;
}

const ALGORITHM = 'aes-256-gcm';
const TAG_LENGTH = 16;
const IV_LENGTH = 12;

/** Order and borders both count: ['ab', 'c'] and ['a', 'bc'] are different data. */
const encodeAad = (aad: Aad): Buffer => Buffer.from(JSON.stringify(aad), 'utf8');

const rejected = (message: string): KeyManagerError =>
  new KeyManagerError('ciphertext_rejected', message, {
    httpStatus: 422,
    reasonCode: 'UNPROCESSABLE_CIPHERTEXT_ERR',
    doubtful: true,
  });

interface Envelope {
  readonly ciphertext: string;
  readonly iv: string;
  readonly handle: string;
}

/** Same outer shape as Key Protect's ciphertext: base64 of a JSON object with four members. */
function openEnvelope(text: string): Envelope {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null) throw new Error('not an object');
    const { ciphertext, iv, handle } = parsed as Record<string, unknown>;
    if (typeof ciphertext === 'string' && typeof iv === 'string' && typeof handle === 'string') {
      return { ciphertext, iv, handle };
    }
  } catch {
    // Answered below: what is wrong with it is of no use to the caller.
  }
  throw rejected('the ciphertext is not one this root key made');
}

/** A root key with real AES-256-GCM wrapping, versions and states, so that tests of revocation and AAD mean something. */
export class FakeRootKey {
  state: RootKeyState = 'active';
  /** True once purged, or as if it had never been there: the key manager does not even know the id. */
  unknown = false;
  readonly #versions: RootKeyVersion[];

  constructor(readonly id: string = randomUUID()) {
    // The first version carries the key's own id, as in Key Protect.
    this.#versions = [{ id, material: randomBytes(32) }];
  }

  get version(): string {
    return this.#newest().id;
  }

  rotate(): void {
    this.#versions.push({ id: randomUUID(), material: randomBytes(32) });
  }

  wrap(plaintext: Buffer, aad: Aad): string {
    const { id, material } = this.#newest();
    const iv = randomBytes(IV_LENGTH);
    const cipher = createCipheriv(ALGORITHM, material, iv).setAAD(encodeAad(aad));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    const envelope = {
      ciphertext: sealed.toString('base64'),
      iv: iv.toString('base64'),
      version: '4.0.0',
      handle: id,
    };
    return Buffer.from(JSON.stringify(envelope), 'utf8').toString('base64');
  }

  /** @throws KeyManagerError `ciphertext_rejected` for foreign, damaged or moved ciphertexts */
  unwrap(ciphertext: string, aad: Aad): { readonly plaintext: Buffer; readonly version: string } {
    const { ciphertext: body, iv, handle } = openEnvelope(ciphertext);
    const version = this.#versions.find(({ id }) => id === handle);
    if (version === undefined) throw rejected('the ciphertext was made by another root key');
    const sealed = Buffer.from(body, 'base64');
    try {
      const decipher = createDecipheriv(ALGORITHM, version.material, Buffer.from(iv, 'base64'));
      decipher.setAAD(encodeAad(aad)).setAuthTag(sealed.subarray(-TAG_LENGTH));
      const plaintext = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_LENGTH)), decipher.final()]);
      return { plaintext, version: version.id };
    } catch (cause) {
      if (cause instanceof KeyManagerError) throw cause;
      throw rejected('the ciphertext or its additional authenticated data was changed');
    }
  }

  #newest(): RootKeyVersion {
    const newest = this.#versions.at(-1);
    if (newest === undefined) throw new Error('a root key has at least one version');
    return newest;
  }
}
