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
    const { kmipEndpoints: addresses, kmipCertificateFiles, kmipNextCertificateFiles } = this.config;
    return Promise.all(
      addresses.map(async ({ host, port }, index) => {
        const [certificate, next] = await Promise.all([
          this.#certificate(fileOf(kmipCertificateFiles, index)),
          this.#certificate(fileOf(kmipNextCertificateFiles, index), 'may be missing'),
        ]);
        const isAhead = next?.description.fingerprint !== certificate?.description.fingerprint;
        return {
          ...{ name: `kmip-${index + 1}`, host, port },
          ...(certificate && { certificate }),
          ...(next && isAhead && { nextCertificate: next }),
        };
      }),
    );
  }

  async #certificate(
    file: string | undefined,
    mayBeMissing?: 'may be missing',
  ): Promise<ServerCertificate | undefined> {
    if (file === undefined) return undefined;
    try {
      const [leaf, ...chain] = certificateBlocks(await readFile(file, 'utf8'));
      if (leaf === undefined) throw new Error('there is no certificate in it');
      return { pem: leaf, chain, description: describeCertificate(leaf, this.clock.now()) };
    } catch (error) {
      if (mayBeMissing !== undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      this.logger.warn({ err: error }, `${file}: the server certificate cannot be shown`);
      return undefined;
    }
  }
}

/** One for each endpoint, or one for all. */
const fileOf = (files: readonly string[] = [], index: number): string | undefined =>
  files[index] ?? (files.length === 1 ? files[0] : undefined);
