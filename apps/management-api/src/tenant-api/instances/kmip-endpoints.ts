import { readFile } from 'node:fs/promises';

import { Inject, Injectable } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { certificateBlocks, describeCertificate } from '@lib/pki';
import { CLOCK, LOGGER } from '@lib/platform';

import { MANAGEMENT_CONFIG } from '../../management-config.module';
import { type KmipEndpoint, type ServerCertificate } from './kmip-endpoint';

/** A renewed certificate is shown after this time at the latest: vCenter meets it at once, and its administrator compares. */
const REREAD_MS = 1_000;

/** The endpoints of the region from configuration, with the certificates that their files hold now. */
@Injectable()
export class KmipEndpoints {
  #known: { readonly endpoints: Promise<readonly KmipEndpoint[]>; readonly atMs: number } | undefined;

  constructor(
    @Inject(MANAGEMENT_CONFIG) private readonly config: ManagementApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  current(): Promise<readonly KmipEndpoint[]> {
    const now = this.clock.monotonicMs();
    if (!this.#known || now - this.#known.atMs > REREAD_MS) this.#known = { endpoints: this.#read(), atMs: now };
    return this.#known.endpoints;
  }

  #read(): Promise<readonly KmipEndpoint[]> {
    const { kmipEndpoints: addresses, kmipCertificateFiles: certificateFiles = [] } = this.config;
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
      return { pem: leaf, chain, description: describeCertificate(leaf, this.clock.now()) };
    } catch (error) {
      this.logger.warn({ err: error }, `${file}: the server certificate cannot be shown`);
      return undefined;
    }
  }
}
