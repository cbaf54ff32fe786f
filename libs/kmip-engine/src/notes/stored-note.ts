import { type InstanceId, isUuid, Secret, type UniqueIdentifier } from '@lib/kernel';
import { type Aad, type CallContext, type RootKey } from '@lib/key-manager';
import { randomBytes } from 'node:crypto';

import { isSameMac, macOf } from '../crypto/derived-keys';
import { canonicalText } from '../custody/authentic-envelope';
import { type BoundRootKey } from '../custody/root-key-binding';
import { type KeyNote, NOTED_FACTS, type NotedFact, type WrittenNote } from '../ports/key-notes.port';

/** Outside the prefix of the keys: no list, search or deletion of those meets a note. */
export const NOTE_PREFIX = 'vmware-note_';

/** 62 characters; key managers take 90. */
export const noteName = ({ uniqueIdentifier, number }: Pick<KeyNote, 'uniqueIdentifier' | 'number'>): string =>
  `${notePrefixOf(uniqueIdentifier)}${String(number)}`;

export const notePrefixOf = (uniqueIdentifier: UniqueIdentifier): string => `${NOTE_PREFIX}${uniqueIdentifier}_`;

const NAME = /^(.{36})_([1-9]\d{0,15})$/;

/** Whose note it is, by its name. */
export function namedNote(name: string): Pick<KeyNote, 'uniqueIdentifier' | 'number'> | undefined {
  const [, identifier = '', number = ''] = NAME.exec(name.slice(NOTE_PREFIX.length)) ?? [];
  if (!isUuid(identifier) || !Number.isSafeInteger(Number(number))) return undefined;
  return { uniqueIdentifier: identifier as UniqueIdentifier, number: Number(number) };
}

/** The payload. It holds nothing that is confidential. */
export interface StoredNote {
  readonly v: 1;
  readonly instanceId: InstanceId;
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly number: number;
  readonly previous?: number;
  readonly fact: NotedFact;
  /** ISO 8601. */
  readonly effectiveAt: string;
  readonly rootKeyId: string;
  readonly rootKeyVersion: string;
  /** A random key of this note alone, wrapped: only who may wrap under the root key can write a note. */
  readonly ciphertext: string;
  /** Over all the rest but how the key of the note is wrapped. */
  readonly mac: string;
}

const NOT_COVERED: ReadonlySet<string> = new Set(['ciphertext', 'rootKeyId', 'rootKeyVersion', 'mac']);
const KEY_BYTES = 32;

/** The third part keeps the wrap of a note from standing for that of a key, and the other way round. */
const noteAad = (instanceId: InstanceId, uniqueIdentifier: UniqueIdentifier): Aad => [
  instanceId,
  uniqueIdentifier,
  'note',
];

/** @throws KeyManagerError */
export async function sealNote(
  { keyManager, rootKeyId }: BoundRootKey,
  instanceId: InstanceId,
  note: KeyNote,
  call: CallContext,
): Promise<Buffer> {
  const { uniqueIdentifier, number, previous, fact, effectiveAt } = note;
  const key = Secret.of(randomBytes(KEY_BYTES));
  try {
    const { ciphertext, rootKeyVersion } = await keyManager.wrap(call, noteAad(instanceId, uniqueIdentifier), key);
    const stored: Omit<StoredNote, 'mac'> = {
      v: 1,
      instanceId,
      uniqueIdentifier,
      number,
      ...(previous === undefined ? {} : { previous }),
      fact,
      effectiveAt: effectiveAt.toISOString(),
      rootKeyId,
      rootKeyVersion,
      ciphertext,
    };
    return Buffer.from(JSON.stringify({ ...stored, mac: noteMac(stored, key) }), 'utf8');
  } finally {
    key.wipe();
  }
}

/** @returns undefined for what is no note of a version that this release knows */
export function parseNote(payload: Buffer): StoredNote | undefined {
  try {
    const parsed = JSON.parse(payload.toString('utf8')) as unknown;
    return isNote(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @returns undefined when it is forged: somebody without the key of the note wrote it or changed it
 * @throws KeyManagerError
 */
export async function unwrapNote(
  keyManager: RootKey,
  stored: StoredNote,
  call: CallContext,
): Promise<WrittenNote | undefined> {
  const aad = noteAad(stored.instanceId, stored.uniqueIdentifier);
  const { plaintext } = await keyManager.unwrap(call, aad, stored.ciphertext);
  try {
    return opened(stored, plaintext);
  } finally {
    plaintext.wipe();
  }
}

function opened(stored: StoredNote, key: Secret): WrittenNote | undefined {
  if (!isSameMac(stored.mac, noteMac(stored, key))) return undefined;
  const { uniqueIdentifier, number, previous, fact, effectiveAt, rootKeyId } = stored;
  return {
    uniqueIdentifier,
    number,
    ...(previous === undefined ? {} : { previous }),
    fact,
    effectiveAt: new Date(effectiveAt),
    rootKeyId,
  };
}

function noteMac(stored: Omit<StoredNote, 'mac'>, key: Secret): string {
  const covered = Object.fromEntries(Object.entries(stored).filter(([name]) => !NOT_COVERED.has(name)));
  return macOf(key, 'note mac', [stored.instanceId, stored.uniqueIdentifier], canonicalText(covered));
}

const TEXTS = ['instanceId', 'uniqueIdentifier', 'rootKeyId', 'rootKeyVersion', 'ciphertext', 'mac'] as const;

const isNumber = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0;

function isNote(value: unknown): value is StoredNote {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const effectiveAt = fields.get('effectiveAt');
  return (
    fields.get('v') === 1 &&
    TEXTS.every((name) => typeof fields.get(name) === 'string') &&
    isNumber(fields.get('number')) &&
    (!fields.has('previous') || isNumber(fields.get('previous'))) &&
    NOTED_FACTS.some((fact) => fact === fields.get('fact')) &&
    typeof effectiveAt === 'string' &&
    !Number.isNaN(Date.parse(effectiveAt))
  );
}
