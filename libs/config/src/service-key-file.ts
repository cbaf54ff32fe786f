import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { decodeTextFile, DomainError, Secret } from '@lib/kernel';

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
  const draft = `${file}.new-${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeNewKey(draft);
    // Unlike a rename, a link does not replace a file that came into being meanwhile.
    await link(draft, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new ServiceKeyFileError(file, 'the file cannot be made', { cause });
    }
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

async function writeNewKey(draft: string): Promise<void> {
  const handle = await open(draft, 'wx', 0o600);
  const key = randomBytes(KEY_BYTES);
  try {
    await handle.writeFile(`v1:${key.toString('base64')}\n`);
    await handle.sync();
  } finally {
    key.fill(0);
    await handle.close();
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

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
