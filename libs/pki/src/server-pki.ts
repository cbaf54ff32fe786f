import { X509Certificate } from 'node:crypto';
import { join, resolve } from 'node:path';

import { type Secret } from '@lib/kernel';

import { type CertificateDescription } from './certificate-description';
import { type CertificateAuthority, issueCertificateAuthority, issueServerCertificate } from './issue';
import { holdsAny, makeKeyFolder, readOptional, readPair } from './key-folder';

const SERVER_CERTIFICATE = 'server.crt';
const SERVER_KEY = 'server.key';
const CA_CERTIFICATE = 'ca.crt';
const CA_KEY = 'ca.key';
const KEPT = [SERVER_CERTIFICATE, SERVER_KEY, CA_CERTIFICATE, CA_KEY];

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
  if (!(await holdsAny(path, KEPT))) await makePair(path, options.hostNames);
  return readServerPki(path, options.hostNames);
}

/** Reads the pair again, e.g. to present a renewed certificate without a restart. */
export async function readServerPki(folder: string, hostNames: readonly string[] = []): Promise<ServerPki> {
  const path = resolve(folder);
  const { certificatePem, privateKeyPem, description } = await readPair(path, SERVER_CERTIFICATE, SERVER_KEY);
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
  const { certificatePem, privateKeyPem } = await readPair(folder, CA_CERTIFICATE, CA_KEY);
  return { certificatePem, privateKeyPem };
}

async function makePair(path: string, hostNames: readonly string[]): Promise<void> {
  const ca = await issueCertificateAuthority({ commonName: 'KMIP for VMware CA', validDays: CA_VALID_DAYS });
  const server = await issueServerCertificate(ca, {
    commonName: hostNames[0] ?? 'localhost',
    dnsNames: hostNames.filter((name) => !isIpAddress(name)),
    ipAddresses: hostNames.filter(isIpAddress),
    validDays: SERVER_VALID_DAYS,
  });
  await makeKeyFolder(path, KEPT, [
    { pair: ca, certificate: CA_CERTIFICATE, key: CA_KEY },
    { pair: server, certificate: SERVER_CERTIFICATE, key: SERVER_KEY },
  ]);
}

/** Good enough to tell an address from a name: names have no colon and do not end in a digit label. */
function isIpAddress(name: string): boolean {
  return name.includes(':') || /^\d+(\.\d+){3}$/.test(name);
}
