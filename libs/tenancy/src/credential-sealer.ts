import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import { type InstanceId, Secret } from '@lib/kernel';

import { TenancyError } from './tenancy.error';

const FORMAT = 1;
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const BOX_OVERHEAD = IV_BYTES + TAG_BYTES;

/** Versions of the service key, which lies outside the database. Sealing uses the newest, opening the one that sealed. */
export interface ServiceKeyring {
  readonly newest: number;
  readonly keys: ReadonlyMap<number, Secret>;
}

export interface Sealed {
  readonly serviceKeyVersion: number;
  readonly bytes: Buffer;
}

/** The row a sealed text belongs to; `region`: one of no instance. */
export interface SealedRow {
  readonly instanceId: InstanceId | 'region';
  readonly rowId: string;
}

/**
 * Envelope encryption of tenants' API keys: AES-256-GCM under a random data key per row, which is wrapped by the
 * service key. Both are bound to instance, row and key version, so a sealed text copied to another row does not open,
 * and a dump of the database opens nothing.
 */
export class CredentialSealer {
  constructor(private readonly keyring: ServiceKeyring) {
    for (const [version, key] of keyring.keys) {
      if (key.length !== KEY_BYTES) throw new Error(`service key version ${version} must have ${KEY_BYTES} bytes`);
    }
    if (!keyring.keys.has(keyring.newest)) throw new Error('the newest service key is not in the keyring');
  }

  get newestVersion(): number {
    return this.keyring.newest;
  }

  seal(row: SealedRow, secret: Secret): Sealed {
    const serviceKeyVersion = this.keyring.newest;
    const dataKey = randomBytes(KEY_BYTES);
    try {
      const wrappedKey = encrypt(this.keyOf(serviceKeyVersion), aad('key', row, serviceKeyVersion), dataKey);
      const box = encrypt(dataKey, aad('credential', row, serviceKeyVersion), secret.expose());
      return { serviceKeyVersion, bytes: Buffer.concat([Buffer.of(FORMAT), wrappedKey, box]) };
    } finally {
      dataKey.fill(0);
    }
  }

  /** The caller wipes what it gets. @throws TenancyError('credential_unreadable') */
  open(row: SealedRow, sealed: Sealed): Secret {
    let dataKey: Buffer | undefined;
    try {
      if (sealed.bytes[0] !== FORMAT) throw new Error('unknown format');
      const boxStart = 1 + KEY_BYTES + BOX_OVERHEAD;
      const version = sealed.serviceKeyVersion;
      dataKey = decrypt(this.keyOf(version), aad('key', row, version), sealed.bytes.subarray(1, boxStart));
      return Secret.of(decrypt(dataKey, aad('credential', row, version), sealed.bytes.subarray(boxStart)));
    } catch (cause) {
      throw new TenancyError('credential_unreadable', 'a stored API key cannot be opened', { cause });
    } finally {
      dataKey?.fill(0);
    }
  }

  /** The same secret under the newest service key. */
  reseal(row: SealedRow, sealed: Sealed): Sealed {
    const secret = this.open(row, sealed);
    try {
      return this.seal(row, secret);
    } finally {
      secret.wipe();
    }
  }

  private keyOf(version: number): Buffer {
    const key = this.keyring.keys.get(version);
    if (key === undefined) throw new Error(`service key version ${version} is not in the keyring`);
    return key.expose();
  }
}

function aad(purpose: 'key' | 'credential', { instanceId, rowId }: SealedRow, version: number): Buffer {
  return Buffer.from(JSON.stringify(['kmip-credential', FORMAT, purpose, instanceId, rowId, version]));
}

function encrypt(key: Buffer, additional: Buffer, plaintext: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES }).setAAD(additional);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]);
}

function decrypt(key: Buffer, additional: Buffer, box: Buffer): Buffer {
  if (box.length < BOX_OVERHEAD) throw new Error('too short');
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(additional).setAuthTag(box.subarray(IV_BYTES, BOX_OVERHEAD));
  const head = decipher.update(box.subarray(BOX_OVERHEAD));
  try {
    return Buffer.concat([head, decipher.final()]);
  } finally {
    head.fill(0);
  }
}
