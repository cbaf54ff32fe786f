import { resolve } from 'node:path';

import { type CertificateDescription } from './certificate-description';
import { type CertificateAuthority, issueCertificateAuthority } from './issue';
import { holdsAny, makeKeyFolder, readPair } from './key-folder';

const CERTIFICATE = 'ca.crt';
const KEY = 'ca.key';
/** Twice the longest validity of what it signs. */
const VALID_DAYS = 7_300;

export interface ClientAuthority extends CertificateAuthority {
  readonly description: CertificateDescription;
}

/**
 * The CA that signs client certificates, from `folder`; made when the folder does not exist yet. Several processes may
 * start at once: one CA wins and all of them read that one. An existing one is never replaced.
 * @throws ServerPkiError
 */
export async function ensureClientAuthority(folder: string, commonName: string): Promise<ClientAuthority> {
  const path = resolve(folder);
  if (!(await holdsAny(path, [CERTIFICATE, KEY]))) {
    const pair = await issueCertificateAuthority({ commonName, validDays: VALID_DAYS });
    await makeKeyFolder(path, [CERTIFICATE, KEY], [{ pair, certificate: CERTIFICATE, key: KEY }]);
  }
  return readPair(path, CERTIFICATE, KEY);
}
