import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { Secret } from '@lib/kernel';

import { type CertificateDescription, describeCertificate } from './certificate-description';
import { type IssuedCertificate } from './issue';
import { readPrivateKey } from './key-pair';
import { certificateBlocks } from './pem';
import { ServerPkiError } from './pki.errors';

export interface KeptPair {
  readonly pair: IssuedCertificate;
  /** Names of the files. */
  readonly certificate: string;
  readonly key: string;
}

export interface ReadPair extends IssuedCertificate {
  readonly description: CertificateDescription;
}

/** True when the folder has one of the files: whatever is wrong with the others, nothing is made anew then. */
export async function holdsAny(folder: string, files: readonly string[]): Promise<boolean> {
  for (const name of files) if (await exists(join(folder, name))) return true;
  return false;
}

/** @throws ServerPkiError when a file is missing, damaged, or the key is of another certificate */
export async function readPair(folder: string, certificate: string, key: string): Promise<ReadPair> {
  const [certificateFile, keyFile] = [resolve(folder, certificate), resolve(folder, key)];
  const certificatePem = (await readRequired(certificateFile)).toString('utf8');
  const privateKeyPem = Secret.of(await readRequired(keyFile));
  const description = describeLeaf(certificateFile, certificatePem);
  assertPair(keyFile, privateKeyPem, description);
  return { certificatePem, privateKeyPem, description };
}

/**
 * All files are written to a folder beside the wanted one, which then takes its name. A rename of a folder succeeds
 * for one process only, and a crash leaves either no pair or a whole one. Wipes the keys.
 * @throws ServerPkiError
 */
export async function makeKeyFolder(path: string, files: readonly string[], pairs: readonly KeptPair[]): Promise<void> {
  const draft = `${path}.new-${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await mkdir(draft, { mode: 0o700 });
    for (const { pair, certificate, key } of pairs) await writePair(draft, pair, certificate, key);
    await syncFolder(draft);
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    // Another process was faster: its pair is there, whole.
    if (await holdsAny(path, files)) return;
    throw new ServerPkiError(path, 'the folder cannot be filled with a new key and certificate', { cause });
  } finally {
    for (const { pair } of pairs) pair.privateKeyPem.wipe();
  }
}

async function writePair(folder: string, pair: IssuedCertificate, certificate: string, key: string): Promise<void> {
  await writeDurably(join(folder, key), pair.privateKeyPem.expose(), 0o600);
  await writeDurably(join(folder, certificate), Buffer.from(pair.certificatePem), 0o644);
}

async function writeDurably(file: string, content: Buffer, mode: number): Promise<void> {
  const handle = await open(file, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function describeLeaf(file: string, pem: string): CertificateDescription {
  const leaf = certificateBlocks(pem)[0];
  if (leaf === undefined) throw new ServerPkiError(file, 'holds no PEM certificate');
  try {
    return describeCertificate(leaf, new Date());
  } catch (cause) {
    throw new ServerPkiError(file, 'the first certificate cannot be read', { cause });
  }
}

function assertPair(keyFile: string, privateKeyPem: Secret, certificate: CertificateDescription): void {
  let matches: boolean;
  try {
    matches = new X509Certificate(certificate.der).checkPrivateKey(readPrivateKey(privateKeyPem).privateKey);
  } catch (cause) {
    throw new ServerPkiError(keyFile, 'holds no readable private key in PEM form without passphrase', { cause });
  }
  if (!matches) throw new ServerPkiError(keyFile, 'the private key does not belong to the certificate beside it');
}

async function readRequired(file: string): Promise<Buffer> {
  const content = await readOptional(file);
  if (content === undefined) throw new ServerPkiError(file, 'the file is missing');
  return content;
}

export async function readOptional(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ServerPkiError(file, 'the file cannot be read', { cause });
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
