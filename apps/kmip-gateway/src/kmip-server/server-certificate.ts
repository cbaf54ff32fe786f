import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';

import { type KmipListener, type ListenerCertificate } from '@lib/kmip-transport';
import { type Logger, type Metrics } from '@lib/observability';
import { ensureServerPki, readServerPki, type ServerPki } from '@lib/pki';

export interface ServerCertificateOptions {
  readonly folder: string;
  readonly hostNames: readonly string[];
  /** Where those find it who must not see its key. */
  readonly copy: string | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The certificate the endpoint presents, and its renewal while connections are open. */
export class ServerCertificate {
  readonly #reloads;
  #expiresAt = Number.NaN;

  constructor(private readonly options: ServerCertificateOptions) {
    const { metrics } = options;
    this.#reloads = metrics.counter('kmip_server_certificate_reloads_total', 'Reloads of the server certificate.', [
      'result',
    ]);
    metrics.polledGauge(
      'kmip_server_certificate_expires_at_seconds',
      'When the server certificate ends, in Unix time.',
      () => this.#expiresAt,
      'least',
    );
  }

  /** @throws PkiError when the folder is damaged */
  async load(): Promise<ListenerCertificate> {
    const { folder, hostNames } = this.options;
    return await this.#take(await ensureServerPki(folder, { hostNames }));
  }

  /** Reads the folder again and presents what is there to new connections. Whatever is wrong, the old one stays. */
  async reload(listener: Pick<KmipListener, 'reloadCertificate'>): Promise<void> {
    const { folder, hostNames, logger } = this.options;
    try {
      const pki = await readServerPki(folder, hostNames);
      listener.reloadCertificate(pki);
      await this.#take(pki);
      this.#reloads.inc({ result: 'success' });
      logger.info({ fingerprint: pki.description.fingerprint }, 'the server certificate was reloaded');
    } catch (error) {
      this.#reloads.inc({ result: 'failure' });
      logger.error({ err: error }, 'the server certificate could not be reloaded; the old one stays in use');
    }
  }

  async #take(pki: ServerPki): Promise<ServerPki> {
    this.#expiresAt = pki.description.notAfter.getTime() / 1_000;
    if (pki.missingHostNames.length > 0) {
      this.options.logger.warn({ names: pki.missingHostNames }, 'the server certificate lacks configured names');
    }
    await this.#publish(pki.certificatePem);
    return pki;
  }

  /** A copy that cannot be written keeps no client out. */
  async #publish(certificatePem: string): Promise<void> {
    const { copy, logger } = this.options;
    if (copy === undefined) return;
    // Gateways of a region may share the place, and readers must not see half of it.
    const draft = `${copy}.${randomUUID()}`;
    try {
      await writeFile(draft, certificatePem, { mode: 0o644 });
      await rename(draft, copy);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      logger.error(
        { err: error },
        'KMIP_CERTIFICATE_COPY cannot be written: tenants are shown an old certificate or none',
      );
    }
  }
}
