import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

import { type InstanceId, Secret, withoutBlanks } from '@lib/kernel';

import { type ServiceKeyring } from '../credential-sealer';

/** A password for an instance's KMIP user name, as it is stored: nothing from which the password follows. */
export interface KmipCredential {
  readonly instanceId: InstanceId;
  readonly id: string;
  readonly passwordHmac: Buffer;
  readonly serviceKeyVersion: number;
}

export interface KmipCredentialRepository {
  /** The oldest first. */
  list(): Promise<readonly (KmipCredential & { readonly createdAt: Date })[]>;
  count(): Promise<number>;
  insert(credential: KmipCredential & { readonly createdAt: Date }): Promise<void>;
  remove(id: string): Promise<void>;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const PASSWORD_BYTES = 20;
const USER_NAME_BYTES = 10;

/** 16 characters, made from the instance's id: nobody chooses it, and it tells nothing. */
export function kmipUserNameOf(instanceId: InstanceId): string {
  return base32(createHash('sha256').update(`kmip-user-name ${instanceId}`).digest().subarray(0, USER_NAME_BYTES));
}

/** As people type and copy it: case, blanks, and hyphens and dashes of every kind mean nothing. */
export const tidied = (text: string): string =>
  withoutBlanks(text)
    .replaceAll(/[\p{Pd}\p{Cf}]/gu, '')
    .toLowerCase();

/**
 * Makes and judges KMIP passwords: 160 random bits, kept as an HMAC under a key derived from the service key, so that
 * neither who reads the database learns one nor who writes to it makes one.
 */
export class KmipPasswords {
  readonly #keys: ReadonlyMap<number, Buffer>;

  constructor(private readonly keyring: ServiceKeyring) {
    const derive = (key: Secret): Buffer => Buffer.from(hkdfSync('sha256', key.expose(), '', 'kmip-password', 32));
    this.#keys = new Map([...keyring.keys].map(([version, key]) => [version, derive(key)]));
  }

  /** The password is in groups of four for people; it is shown once. */
  make(
    instanceId: InstanceId,
  ): { readonly password: Secret } & Pick<KmipCredential, 'passwordHmac' | 'serviceKeyVersion'> {
    const plain = base32(randomBytes(PASSWORD_BYTES));
    const serviceKeyVersion = this.keyring.newest;
    return {
      password: Secret.fromText(plain.match(/.{4}/g)?.join('-') ?? plain),
      passwordHmac: this.#hmac(serviceKeyVersion, instanceId, plain) ?? Buffer.alloc(0),
      serviceKeyVersion,
    };
  }

  /** False when the service key it was made under is gone: then no password is right any more. */
  canMatch({ serviceKeyVersion }: Pick<KmipCredential, 'serviceKeyVersion'>): boolean {
    return this.#keys.has(serviceKeyVersion);
  }

  /** In constant time for each credential. False when the service key it was made under is gone. */
  matches(credential: KmipCredential, password: string): boolean {
    const expected = this.#hmac(credential.serviceKeyVersion, credential.instanceId, tidied(password));
    return (
      expected !== undefined &&
      expected.length === credential.passwordHmac.length &&
      timingSafeEqual(expected, credential.passwordHmac)
    );
  }

  #hmac(version: number, instanceId: InstanceId, password: string): Buffer | undefined {
    const key = this.#keys.get(version);
    return (
      key &&
      createHmac('sha256', key)
        .update(JSON.stringify([instanceId, password]))
        .digest()
    );
  }
}

/** RFC 4648 §6, lower case; for lengths that need no padding. */
function base32(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{5}/g) ?? []).map((group) => ALPHABET.charAt(parseInt(group, 2))).join('');
}
