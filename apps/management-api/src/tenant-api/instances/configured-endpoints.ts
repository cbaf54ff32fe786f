import { readFile } from 'node:fs/promises';

import { type Clock } from '@lib/kernel';
import { certificateBlocks, describeCertificate } from '@lib/pki';

import { type KmipEndpoint, type KmipEndpoints, type ServerCertificate } from './kmip-endpoint';

export interface EndpointAddress {
  readonly host: string;
  readonly port: number;
}

export interface ConfiguredEndpointsOptions {
  readonly addresses: readonly EndpointAddress[];
  /** PEM, leaf first. One for each address in the same order, or one for all; none when it is not known here. */
  readonly certificateFiles: readonly string[];
  readonly clock: Clock;
  readonly log: (message: string, error: unknown) => void;
}

/** A renewed certificate is shown after this time at the latest. */
const REREAD_MS = 10_000;

/** The endpoints of the region from configuration, with the certificates that their files hold now. */
export class ConfiguredEndpoints implements KmipEndpoints {
  #known: { readonly endpoints: Promise<readonly KmipEndpoint[]>; readonly atMs: number } | undefined;

  constructor(private readonly options: ConfiguredEndpointsOptions) {}

  current(): Promise<readonly KmipEndpoint[]> {
    const now = this.options.clock.monotonicMs();
    if (!this.#known || now - this.#known.atMs > REREAD_MS) this.#known = { endpoints: this.#read(), atMs: now };
    return this.#known.endpoints;
  }

  #read(): Promise<readonly KmipEndpoint[]> {
    const { addresses, certificateFiles } = this.options;
    return Promise.all(
      addresses.map(async ({ host, port }, index) => {
        const file = certificateFiles[index] ?? (certificateFiles.length === 1 ? certificateFiles[0] : undefined);
        const certificate = file === undefined ? undefined : await this.#certificate(file);
        return { name: `kmip-${index + 1}`, host, port, ...(certificate && { certificate }) };
      }),
    );
  }

  async #certificate(file: string): Promise<ServerCertificate | undefined> {
    try {
      const [leaf, ...chain] = certificateBlocks(await readFile(file, 'utf8'));
      if (leaf === undefined) throw new Error('there is no certificate in it');
      return { pem: leaf, chain, description: describeCertificate(leaf, this.options.clock.now()) };
    } catch (error) {
      this.options.log(`${file}: the server certificate cannot be shown`, error);
      return undefined;
    }
  }
}
