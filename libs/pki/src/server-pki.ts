import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { Secret } from '@lib/kernel';

import { type CertificateDescription, describeCertificate } from './certificate-description';
import {
  type CertificateAuthority,
  type IssuedCertificate,
  issueCertificateAuthority,
  issueServerCertificate,
} from './issue';
import { readPrivateKey } from './key-pair';
import { certificateBlocks } from './pem';
import { ServerPkiError } from './pki.errors';

const SERVER_CERTIFICATE = 'server.crt';
const SERVER_KEY = 'server.key';
const CA_CERTIFICATE = 'ca.crt';
const CA_KEY = 'ca.key';

const CA_VALID_DAYS = 3650;
/** Long, because every renewal asks each vCenter administrator to trust the server again. */
const SERVER_VALID_DAYS = 1825;

export interface ServerPkiOptions {
  /** DNS names and IP addresses clients connect to; the first names the certificate. */
  readonly hostNames: readonly string[];
}

/** What a listener presents. */
export interface ServerPki {
  readonly folder: string;
  /** Leaf first, then the operator's intermediates if there are any. */
  readonly certificatePem: string;
  readonly privateKeyPem: Secret;
  /** The CA that signed it, when its certificate lies in the folder. */
  readonly caCertificatePem?: string;
  readonly description: CertificateDescription;
  /** Wanted names the certificate does not carry: clients that check names would refuse the server. */
  readonly missingHostNames: readonly string[];
}

/**
 * Key and certificate of the listener, from `folder`; made together with a CA when the folder does not exist yet.
 * vCenter pins the very certificate, so an existing pair is never replaced: whatever is wrong with it is an error that
 * names the file. Several processes may start at once: one pair wins and all of them read that one.
 * @throws ServerPkiError
 */
export async function ensureServerPki(folder: string, options: ServerPkiOptions): Promise<ServerPki> {
  const path = resolve(folder);
  if (!(await isPopulated(path))) await makePair(path, options.hostNames);
  return readServerPki(path, options.hostNames);
}

/** Reads the pair again, e.g. to present a renewed certificate without a restart. */
export async function readServerPki(folder: string, hostNames: readonly string[] = []): Promise<ServerPki> {
  const path = resolve(folder);
  const certificateFile = join(path, SERVER_CERTIFICATE);
  const certificatePem = (await readRequired(certificateFile)).toString('utf8');
  const privateKeyPem = Secret.of(await readRequired(join(path, SERVER_KEY)));
  const description = describeLeaf(certificateFile, certificatePem);
  assertPair(join(path, SERVER_KEY), privateKeyPem, description);
  const caCertificatePem = await readOptional(join(path, CA_CERTIFICATE));
  const certificate = new X509Certificate(description.der);
  return {
    folder: path,
    certificatePem,
    privateKeyPem,
    ...(caCertificatePem === undefined ? {} : { caCertificatePem: caCertificatePem.toString('utf8') }),
    description,
    missingHostNames: hostNames.filter(
      (name) => (isIpAddress(name) ? certificate.checkIP(name) : certificate.checkHost(name)) === undefined,
    ),
  };
}

/** The CA of the folder with its key, to sign requests with. @throws ServerPkiError when it is not there. */
export async function readCertificateAuthority(folder: string): Promise<CertificateAuthority> {
  const path = resolve(folder);
  const certificateFile = join(path, CA_CERTIFICATE);
  const certificatePem = (await readRequired(certificateFile)).toString('utf8');
  const privateKeyPem = Secret.of(await readRequired(join(path, CA_KEY)));
  assertPair(join(path, CA_KEY), privateKeyPem, describeLeaf(certificateFile, certificatePem));
  return { certificatePem, privateKeyPem };
}

async function isPopulated(path: string): Promise<boolean> {
  for (const name of [SERVER_CERTIFICATE, SERVER_KEY, CA_CERTIFICATE, CA_KEY]) {
    if (await exists(join(path, name))) return true;
  }
  return false;
}

/**
 * All files are written to a folder beside the wanted one, which then takes its name. A rename of a folder succeeds
 * for one process only, and a crash leaves either no pair or a whole one.
 */
async function makePair(path: string, hostNames: readonly string[]): Promise<void> {
  const ca = await issueCertificateAuthority({ commonName: 'KMIP for VMware CA', validDays: CA_VALID_DAYS });
  const server = await issueServerCertificate(ca, {
    commonName: hostNames[0] ?? 'localhost',
    dnsNames: hostNames.filter((name) => !isIpAddress(name)),
    ipAddresses: hostNames.filter(isIpAddress),
    validDays: SERVER_VALID_DAYS,
  });
  const draft = `${path}.new-${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await mkdir(draft, { mode: 0o700 });
    await writePair(draft, ca, CA_CERTIFICATE, CA_KEY);
    await writePair(draft, server, SERVER_CERTIFICATE, SERVER_KEY);
    await syncFolder(draft);
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    // Another process was faster: its pair is there, whole.
    if (await isPopulated(path)) return;
    throw new ServerPkiError(path, 'the folder cannot be filled with a new key and certificate', { cause });
  } finally {
    ca.privateKeyPem.wipe();
    server.privateKeyPem.wipe();
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

async function readOptional(file: string): Promise<Buffer | undefined> {
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

/** Good enough to tell an address from a name: names have no colon and do not end in a digit label. */
function isIpAddress(name: string): boolean {
  return name.includes(':') || /^\d+(\.\d+){3}$/.test(name);
}
