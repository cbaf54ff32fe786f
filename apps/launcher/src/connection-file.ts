import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * `connection.json` in the data folder: the stable contract for scripts. It appears when everything is ready and is
 * replaced as a whole, so a reader never sees half of it. Fields are only ever added.
 */
export interface ConnectionFile {
  readonly kmip: {
    readonly host: string;
    /** Both endpoints of the region. */
    readonly ports: readonly number[];
    readonly serverCa: string;
    readonly clientCertificate: string;
    readonly clientKey: string;
    /** Colon form, as vCenter shows them. */
    readonly serverFingerprints: { readonly sha1: string; readonly sha256: string };
  };
  readonly instance: { readonly id: string; readonly crn: string };
  readonly rootKey: { readonly id: string };
  readonly management: {
    readonly url: string;
    /** A shell command per role that prints a bearer token for a demo user of that role. */
    readonly tokenCommand: Readonly<Record<string, string>>;
  };
  /** Where people sign in. */
  readonly console: { readonly url: string };
  readonly broker: {
    readonly url: string;
    readonly user: string;
    readonly password: string;
    /** Prints a token as the resource controller calls the broker with. */
    readonly tokenCommand: string;
  };
  readonly localCloud: { readonly url: string };
  /** The stand-in vCenter, from when it serves: it is started after everything else, and may be switched off. */
  readonly vcenter?: {
    readonly url: string;
    readonly user: string;
    readonly password: string;
    /** SHA-256 of its certificate, in colon form. */
    readonly fingerprint: string;
    readonly adminUrl: string;
  };
  /** What is still to come into this file, so that who needs it can wait; absent when all that there will be is there. */
  readonly starting?: readonly 'vcenter'[];
  /** The demo tenant's Key Protect instance, where the wrapped keys lie. */
  readonly keyManager: { readonly url: string; readonly instanceId: string; readonly crn: string };
  readonly processes: Readonly<Record<string, number>>;
}

export async function writeConnectionFile(file: string, content: ConnectionFile): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, file);
}
