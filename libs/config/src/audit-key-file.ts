import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { decodeTextFile, DomainError } from '@lib/kernel';

import { exists, makeWhole, replaceWhole } from './whole-file';

const KEY_BYTES = 32;
/** RFC 8410: what stands before the bytes of an Ed25519 key in PKCS #8 and in SubjectPublicKeyInfo. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

const INSTANT = String.raw`(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z)`;
const BYTES = String.raw`([A-Za-z0-9+/]{43}=)`;
const SIGNING = new RegExp(`^key ${INSTANT} ${BYTES}$`);
const RETIRED = new RegExp(`^retired ${INSTANT} ${INSTANT} ${BYTES}$`);

/** Processes that do not know of a successor yet sign on; what they sign stays good. */
const OVERLAP_MS = 86_400_000;
/** By then every process publishes a new key. */
const ANNOUNCED_MS = 3_600_000;

/** A key that signs heads of audit trails, or signed them once. */
export interface AuditKeyEntry {
  readonly publicKey: KeyObject;
  /** Absent of a key that is retired. */
  readonly privateKey?: KeyObject;
  readonly from: Date;
  /** Absent while there is no successor. */
  readonly until?: Date;
}

/** The file of audit keys is missing or damaged. Names file and line, never their content. */
export class AuditKeyFileError extends DomainError {
  readonly code = 'audit_key_file_unusable';

  constructor(file: string, fault: string, options?: ErrorOptions) {
    super(`${file}: ${fault}`, options);
  }
}

/**
 * Reads lines `key <from> <32 bytes in base64>` (the private key of Ed25519) and `retired <from> <until> <32 bytes in
 * base64>` (the public key), in the order of time, the newest last. Blank lines and lines that begin with # are ignored.
 * @throws AuditKeyFileError
 */
export async function readAuditKeyFile(file: string): Promise<readonly AuditKeyEntry[]> {
  return parseAuditKeys(await readText(file), file);
}

/** Makes the file with one random key unless it is there. @throws AuditKeyFileError */
export async function ensureAuditKeyFile(file: string, now: Date): Promise<void> {
  try {
    if (!(await exists(file))) await makeWhole(file, Buffer.from(`${newLine(now)}\n`));
  } catch (cause) {
    throw new AuditKeyFileError(file, 'the file cannot be made', { cause });
  }
}

/**
 * Adds a key that signs in an hour, and forgets the private half of those whose time is over: their public half stays.
 * @throws AuditKeyFileError
 */
export async function rotateAuditKey(file: string, now: Date): Promise<readonly AuditKeyEntry[]> {
  const text = await readText(file);
  const entries = parseAuditKeys(text, file);
  const newest = entries.at(-1);
  if (newest !== undefined && newest.from > now) {
    throw new AuditKeyFileError(file, `its newest key begins to sign at ${newest.from.toISOString()}: rotate it later`);
  }
  const kept = entries.map((entry, index) =>
    entry.privateKey !== undefined && entry.until !== undefined && entry.until < now
      ? retiredLine(entry.from, entry.until, entry.publicKey)
      : keyLines(text)[index]?.line,
  );
  const comments = text.split(/\r?\n/).filter((line) => line.startsWith('#'));
  const lines = [...comments, ...kept, newLine(new Date(now.getTime() + ANNOUNCED_MS))];
  try {
    await replaceWhole(file, Buffer.from(lines.map((line) => `${String(line)}\n`).join('')));
  } catch (cause) {
    throw new AuditKeyFileError(file, 'the file cannot be replaced', { cause });
  }
  return readAuditKeyFile(file);
}

const newLine = (from: Date): string => `key ${from.toISOString()} ${randomBytes(KEY_BYTES).toString('base64')}`;

const retiredLine = (from: Date, until: Date, key: KeyObject): string => {
  const bytes = key.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length);
  return `retired ${from.toISOString()} ${until.toISOString()} ${bytes.toString('base64')}`;
};

async function readText(file: string): Promise<string> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (cause) {
    throw new AuditKeyFileError(file, 'the file cannot be read', { cause });
  }
  const text = decodeTextFile(content);
  content.fill(0);
  return text;
}

const keyLines = (text: string): readonly { readonly line: string; readonly number: number }[] =>
  text
    .split(/\r?\n/)
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'));

function parseAuditKeys(text: string, file: string): readonly AuditKeyEntry[] {
  const entries: AuditKeyEntry[] = [];
  for (const { line, number } of keyLines(text)) {
    const entry = parseLine(line);
    if (entry === undefined || !isInstant(entry.from) || !isInstant(entry.until)) {
      const forms = 'key <instant> <32 bytes in base64> and no retired <instant> <instant> <32 bytes in base64>';
      throw new AuditKeyFileError(file, `line ${String(number)} is no ${forms}`);
    }
    const before = entries.at(-1);
    if (before !== undefined && before.from >= entry.from) {
      throw new AuditKeyFileError(file, `line ${String(number)}: instants must ascend`);
    }
    if (before !== undefined) {
      entries[entries.length - 1] = { until: new Date(entry.from.getTime() + OVERLAP_MS), ...before };
    }
    entries.push(entry);
  }
  if (entries.at(-1)?.privateKey === undefined) throw new AuditKeyFileError(file, 'holds no key that signs');
  return entries;
}

/** Digits alone may be a day that no calendar has, which compares with nothing. */
const isInstant = (date: Date | undefined): boolean => date === undefined || !Number.isNaN(date.getTime());

function parseLine(line: string): AuditKeyEntry | undefined {
  const [, from, bytes] = SIGNING.exec(line) ?? [];
  if (from !== undefined && bytes !== undefined) {
    const der = Buffer.concat([PRIVATE_PREFIX, Buffer.from(bytes, 'base64')]);
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    return { publicKey: createPublicKey(privateKey), privateKey, from: new Date(from) };
  }
  const [, since, until, known] = RETIRED.exec(line) ?? [];
  if (since === undefined || until === undefined || known === undefined) return undefined;
  const der = Buffer.concat([PUBLIC_PREFIX, Buffer.from(known, 'base64')]);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return { publicKey, from: new Date(since), until: new Date(until) };
}
