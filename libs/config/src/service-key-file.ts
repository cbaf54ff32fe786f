import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { decodeTextFile, DomainError, Secret } from '@lib/kernel';

import { exists, makeWhole } from './whole-file';

const KEY_BYTES = 32;
const LINE = /^v([1-9]\d{0,5}):([A-Za-z0-9+/]{43}=)$/;

/** One version of the key that seals API keys of tenants. */
export interface ServiceKey {
  readonly version: number;
  readonly key: Secret;
}

/** All versions still needed; new seals are made with the newest. */
export interface ServiceKeys {
  readonly newest: ServiceKey;
  readonly byVersion: ReadonlyMap<number, Secret>;
}

/** The file of service keys is missing or damaged. Names file and line, never their content. */
export class ServiceKeyFileError extends DomainError {
  readonly code = 'service_key_file_unusable';

  constructor(file: string, fault: string, options?: ErrorOptions) {
    super(`${file}: ${fault}`, options);
  }
}

/**
 * Reads lines `v<version>:<32 bytes in base64>`, versions ascending, newest last. Blank lines and lines that begin
 * with # are ignored.
 * @throws ServiceKeyFileError
 */
export async function readServiceKeyFile(file: string): Promise<ServiceKeys> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (cause) {
    throw new ServiceKeyFileError(file, 'the file cannot be read', { cause });
  }
  try {
    return parseServiceKeys(decodeTextFile(content), file);
  } finally {
    content.fill(0);
  }
}

/**
 * Makes the file with one random key unless it is there, then reads it. The file appears whole under its name or not
 * at all, and the first of several processes that start together wins.
 * @throws ServiceKeyFileError
 */
export async function ensureServiceKeyFile(file: string): Promise<ServiceKeys> {
  if (!(await exists(file))) await makeFile(file);
  return readServiceKeyFile(file);
}

async function makeFile(file: string): Promise<void> {
  const key = randomBytes(KEY_BYTES);
  const content = Buffer.from(`v1:${key.toString('base64')}\n`);
  try {
    await makeWhole(file, content);
  } catch (cause) {
    throw new ServiceKeyFileError(file, 'the file cannot be made', { cause });
  } finally {
    key.fill(0);
    content.fill(0);
  }
}

function parseServiceKeys(text: string, file: string): ServiceKeys {
  const byVersion = new Map<number, Secret>();
  let newest: ServiceKey | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, digits, base64] = LINE.exec(line.trim()) ?? [];
    if (digits === undefined || base64 === undefined) {
      throw new ServiceKeyFileError(file, `line ${index + 1} is not v<version>:<32 bytes in base64>`);
    }
    const version = Number(digits);
    if (version <= (newest?.version ?? 0)) {
      throw new ServiceKeyFileError(file, `line ${index + 1}: versions must ascend`);
    }
    newest = { version, key: Secret.of(Buffer.from(base64, 'base64')) };
    byVersion.set(version, newest.key);
  }
  if (newest === undefined) throw new ServiceKeyFileError(file, 'holds no key');
  return { newest, byVersion };
}
