import { Inject, Injectable } from '@nestjs/common';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';

import { type GatewayConfig } from '@lib/config';
import { KmipListener } from '@lib/kmip-transport';
import { HealthServer } from '@lib/observability';
import { ClientDirectory } from '@lib/tenancy';

import { GATEWAY_CONFIG } from '../gateway-config.module';
import { ServerCertificate } from './server-certificate';

/**
 * KMIP over mutual TLS as the transport of a Nest microservice. Messages go from the listener to the session without
 * Nest's pipeline: a KMIP message is a batch, whose items share one judgement and one answer (docs/adr/0080).
 */
@Injectable()
export class KmipServer extends Server implements CustomTransportStrategy {
  #bound: { readonly port: number } | undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(KmipListener) private readonly listener: KmipListener,
    @Inject(ServerCertificate) private readonly certificate: ServerCertificate,
    @Inject(ClientDirectory) private readonly directory: ClientDirectory,
    @Inject(HealthServer) private readonly health: HealthServer,
  ) {
    super();
  }

  /** Where it listens, once it does. */
  get port(): number | undefined {
    return this.#bound?.port;
  }

  /** Tells `listening` a TransportError when the port is taken. */
  listen(listening: (error?: unknown) => void): void {
    this.directory.onRemoved(({ fingerprint }) => {
      this.listener.closeWhere((peer) => peer.fingerprint === fingerprint);
    });
    this.listener.listen().then((bound) => {
      this.#bound = bound;
      listening();
    }, listening);
  }

  /** Presents the certificate that now lies in the folder to new connections; open ones go on. Never rejects. */
  async reloadCertificate(): Promise<void> {
    await this.certificate.reload(this.listener);
  }

  /** Answers what is under way and says goodbye to idle clients, before anything they need ends. */
  async close(): Promise<void> {
    this.health.drain();
    await this.listener.close({ graceMs: this.config.drainTimeoutMs });
  }

  /** Nothing of the transport is told by Nest's events: metrics, log and diagnosis hear of it from the listener. */
  on(): never {
    throw new Error('the KMIP server has no events');
  }

  unwrap(): never {
    throw new Error('the KMIP server stands on no client library');
  }
}
