import { createHash, type KeyObject, sign, verify } from 'node:crypto';

/** A key that signs heads, or that signed them once. Lies outside of the database. */
export interface AuditKey {
  readonly publicKey: KeyObject;
  /** Absent of a key that only verifies any more. */
  readonly privateKey?: KeyObject;
  readonly from: Date;
  /** Absent while it has no successor. */
  readonly until?: Date;
}

/** Where a chain ended that is no part of the one there is now: the database was restored, and an operator released it. */
export interface SupersededHead {
  readonly seq: number;
  readonly hash: string;
  readonly signedAt: Date;
}

/** Where an instance's audit trail ends and begins, and how many records it has. */
export interface AuditHead {
  readonly instanceId: string;
  readonly seq: number;
  /** In hexadecimal. */
  readonly hash: string;
  readonly firstSeq: number;
  readonly recordCount: number;
  /** Where the records end that were archived and dropped before the first. */
  readonly precededBy?: { readonly seq: number; readonly hash: string } | undefined;
  readonly signedAt: Date;
  /** Every one there was, the newest last. */
  readonly supersedes: readonly SupersededHead[];
}

/** `jws` is what was signed, in the compact form of RFC 7515; the other fields are read from it. */
export interface SignedAuditHead extends AuditHead {
  readonly keyId: string;
  readonly jws: string;
}

const TYPE = 'kmip-audit-head+jws';

/** The public half as JSON Web Key (RFC 8037). */
export function auditKeyJwk({ publicKey }: AuditKey): {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
} {
  const { kty = '', crv = '', x = '' } = publicKey.export({ format: 'jwk' });
  return { kty, crv, x };
}

/** Thumbprint of the public key (RFC 7638): whoever has the key can compute it. */
export function auditKeyId(key: AuditKey): string {
  const { kty, crv, x } = auditKeyJwk(key);
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
}

/** The newest of those whose time has come and is not over. */
export function signingKeyAt(keys: readonly AuditKey[], now: Date): AuditKey | undefined {
  return keys.findLast(({ privateKey, from, until }) => {
    return privateKey !== undefined && from <= now && (until === undefined || now < until);
  });
}

/** @throws as {@link signContent} */
export function signHead(head: AuditHead, key: AuditKey): SignedAuditHead {
  const keyId = auditKeyId(key);
  const content = {
    v: 1,
    instance_id: head.instanceId,
    seq: head.seq,
    hash: head.hash,
    first_seq: head.firstSeq,
    record_count: head.recordCount,
    ...(head.precededBy && { preceded_by: head.precededBy }),
    signed_at: head.signedAt.toISOString(),
    supersedes: head.supersedes.map(({ seq, hash, signedAt }) => ({ seq, hash, signed_at: signedAt.toISOString() })),
  };
  return { ...head, keyId, jws: signContent(TYPE, JSON.stringify(content), key) };
}

/**
 * Signs what the service says, in the compact form of RFC 7515. The type keeps what is said of one thing from being shown
 * as if it were said of another. @throws when the key only verifies
 */
export function signContent(type: string, content: string, key: AuditKey): string {
  if (key.privateKey === undefined) throw new Error('a retired key cannot sign');
  const signed = `${encode({ alg: 'EdDSA', kid: auditKeyId(key), typ: type })}.${base64(content)}`;
  return `${signed}.${sign(null, Buffer.from(signed), key.privateKey).toString('base64url')}`;
}

/** @returns undefined when it is no head, or none that one of the keys has signed */
export function readSignedHead(jws: string, keys: readonly AuditKey[]): SignedAuditHead | undefined {
  const [header = '', content = '', signature = '', ...rest] = jws.split('.');
  const { kid, typ, alg } = decode(header);
  const key = keys.find((each) => auditKeyId(each) === kid);
  if (key === undefined || rest.length > 0 || typ !== TYPE || alg !== 'EdDSA') return undefined;
  const signed = Buffer.from(`${header}.${content}`);
  if (!verify(null, signed, key.publicKey, Buffer.from(signature, 'base64url'))) return undefined;
  // What our key has signed has this form.
  const head = decode(content) as unknown as SignedContent;
  return {
    instanceId: head.instance_id,
    seq: head.seq,
    hash: head.hash,
    firstSeq: head.first_seq,
    recordCount: head.record_count,
    ...(head.preceded_by && { precededBy: head.preceded_by }),
    signedAt: new Date(head.signed_at),
    supersedes: head.supersedes.map(({ seq, hash, signed_at }) => ({ seq, hash, signedAt: new Date(signed_at) })),
    keyId: auditKeyId(key),
    jws,
  };
}

interface SignedContent {
  readonly instance_id: string;
  readonly seq: number;
  readonly hash: string;
  readonly first_seq: number;
  readonly record_count: number;
  readonly preceded_by?: { readonly seq: number; readonly hash: string };
  readonly signed_at: string;
  readonly supersedes: readonly { readonly seq: number; readonly hash: string; readonly signed_at: string }[];
}

const base64 = (text: string): string => Buffer.from(text).toString('base64url');

const encode = (value: object): string => base64(JSON.stringify(value));

function decode(part: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
