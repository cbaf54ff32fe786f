import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  hash,
  pbkdf2,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';

import * as asn1 from 'asn1js';

import { type Secret } from '@lib/kernel';

import { type IssuedCertificate } from './issue';

/** Of both derivations: whoever guesses the password takes the cheaper one (OWASP's count for HMAC-SHA-256). */
const ROUNDS = 600_000;
/** Rounds of the MAC's derivation in one turn of the event loop: a few milliseconds. */
const ROUNDS_PER_TURN = 1_000;
const SALT_BYTES = 16;

const OID = {
  data: '1.2.840.113549.1.7.1',
  pkcs8ShroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

type Asn1 = asn1.BaseBlock;

const sequence = (...value: Asn1[]): Asn1 => new asn1.Sequence({ value });
const set = (...value: Asn1[]): Asn1 => new asn1.Set({ value });
const octets = (valueHex: Uint8Array): Asn1 => new asn1.OctetString({ valueHex });
const integer = (value: number): Asn1 => new asn1.Integer({ value });
const oid = (value: string): Asn1 => new asn1.ObjectIdentifier({ value });
const explicit = (value: Asn1): Asn1 =>
  new asn1.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [value] });
const der = (value: Asn1): Buffer => Buffer.from(value.toBER());
const contentInfo = (content: Asn1): Asn1 => sequence(oid(OID.data), explicit(octets(der(content))));

/**
 * A key with its certificate as PKCS #12 (RFC 7292), the form that Windows and vCenter tools import. The key is
 * encrypted by PBES2 (RFC 8018): PBKDF2 with HMAC-SHA-256, AES-256-CBC; the MAC is by SHA-256. The certificate, a
 * public value, is not encrypted. Written here because what writes PKCS #12 for Node knows SHA-1 alone or derives
 * keys while the whole process waits.
 * @param password printable ASCII, so that no two readers can disagree on its bytes
 */
export async function toPkcs12(pair: IssuedCertificate, password: Secret, name: string): Promise<Buffer> {
  const certificate = new X509Certificate(pair.certificatePem).raw;
  const attributes = set(
    sequence(oid(OID.friendlyName), set(new asn1.BmpString({ value: name }))),
    sequence(oid(OID.localKeyId), set(octets(createHash('sha1').update(certificate).digest()))),
  );
  const certificateBag = sequence(
    oid(OID.certBag),
    explicit(sequence(oid(OID.x509Certificate), explicit(octets(certificate)))),
    attributes,
  );
  const keyBag = sequence(
    oid(OID.pkcs8ShroudedKeyBag),
    explicit(await shroudedKey(pair.privateKeyPem, password)),
    attributes,
  );
  const safe = der(sequence(contentInfo(sequence(certificateBag)), contentInfo(sequence(keyBag))));
  return der(sequence(integer(3), sequence(oid(OID.data), explicit(octets(safe))), await macData(safe, password)));
}

/** EncryptedPrivateKeyInfo. */
async function shroudedKey(privateKeyPem: Secret, password: Secret): Promise<Asn1> {
  const [salt, iv] = [randomBytes(SALT_BYTES), randomBytes(16)];
  const key = await promisify(pbkdf2)(password.expose(), salt, ROUNDS, 32, 'sha256');
  const pkcs8 = createPrivateKey(privateKeyPem.expose()).export({ type: 'pkcs8', format: 'der' });
  try {
    const cipher = createCipheriv('aes-256-cbc', key, iv);
    const encrypted = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
    const prf = sequence(oid(OID.hmacWithSha256), new asn1.Null());
    const derivation = sequence(oid(OID.pbkdf2), sequence(octets(salt), integer(ROUNDS), prf));
    const scheme = sequence(oid(OID.aes256Cbc), octets(iv));
    return sequence(sequence(oid(OID.pbes2), sequence(derivation, scheme)), octets(encrypted));
  } finally {
    pkcs8.fill(0);
    key.fill(0);
  }
}

async function macData(content: Buffer, password: Secret): Promise<Asn1> {
  const salt = randomBytes(SALT_BYTES);
  const key = await oneAtATime(() => macKey(password, salt));
  try {
    const mac = createHmac('sha256', key).update(content).digest();
    const digestInfo = sequence(sequence(oid(OID.sha256), new asn1.Null()), octets(mac));
    return sequence(digestInfo, octets(salt), integer(ROUNDS));
  } finally {
    key.fill(0);
  }
}

/** Purpose and block size of RFC 7292 appendix B.2 for a MAC key with SHA-256. */
const MAC_PURPOSE = 3;
const BLOCK_BYTES = 64;

/** RFC 7292 appendix B.2, for a key as long as the digest. OpenSSL offers it to Node no other way. */
async function macKey(password: Secret, salt: Buffer): Promise<Buffer> {
  // BMPString with its terminating zero character.
  const text = Buffer.from(`${password.exposeText()}\0`, 'utf16le').swap16();
  const input = Buffer.concat([Buffer.alloc(BLOCK_BYTES, MAC_PURPOSE), inBlocks(salt), inBlocks(text)]);
  let digest = hash('sha256', input, 'buffer');
  for (let round = 1; round < ROUNDS; round += 1) {
    if (round % ROUNDS_PER_TURN === 0) await nextTurn();
    digest = hash('sha256', digest, 'buffer');
  }
  text.fill(0);
  input.fill(0);
  return digest;
}

/** Repeated to fill whole blocks. */
const inBlocks = (bytes: Buffer): Buffer => Buffer.alloc(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES, bytes);

let queue: Promise<unknown> = Promise.resolve();

/** However many archives are asked for, one turn of the event loop holds the rounds of one. */
function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const done = queue.then(work);
  queue = done.catch(() => undefined);
  return done;
}
