import { type KmipClusterStatus, type KmipServerStatus, type ManagedEntityStatus } from '@lib/vi-json';
import { type MovableClock } from '@lib/stand-in';

import { type Behaviour } from '../behaviour';
import { type ProviderRow, type ServerRow } from '../rows';
import { certificateInfo } from './certificate-info';
import { type KeyProviders } from './key-providers';
import { KeyServerFailure, type KeyServers } from './key-servers';

/** Recorded: 10:00:37, 10:05:37, 10:10:37, … */
const POLL_MS = 300_000;

/** The words of the user interface; those of the API have no source [inferred]. */
const CONNECTED = 'Connected';
const NOT_CONNECTED = 'Not connected';

/** Looks at the key servers: on demand, and every five minutes. */
export class ProviderHealth {
  /** Servers that were asked who they are since they were configured. */
  readonly #queried = new Set<string>();
  /** How many more looks show the state of before. */
  readonly #lag = new Map<string, number>();
  readonly #last = new Map<string, boolean>();
  #cancel: (() => void) | undefined;
  #polling: Promise<void> | undefined;

  constructor(
    private readonly clock: MovableClock,
    private readonly behaviour: Behaviour,
    private readonly providers: KeyProviders,
    private readonly servers: KeyServers,
  ) {}

  /** From now on, every five minutes by the clock. */
  start(): void {
    this.#cancel = this.clock.startTimer(() => {
      this.#polling = this.poll().finally(() => (this.#polling = undefined));
      this.start();
    }, POLL_MS);
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    await this.#polling;
  }

  /** Two connections to each server, one after the other: the handshake alone, then Discover Versions twice. */
  async poll(): Promise<void> {
    for (const provider of this.providers.list()) {
      for (const server of provider.servers) await this.#look(provider, server);
    }
  }

  /** Trust, certificate or servers changed: the provider is tested anew. */
  configured(provider: ProviderRow): void {
    for (const server of provider.servers) this.#queried.delete(nameOf(provider, server));
    this.#lag.set(provider.id, this.behaviour.settings.statusLag);
  }

  /** As the provider's page shows it, asked now. */
  async status(provider: ProviderRow): Promise<KmipClusterStatus> {
    const servers = await Promise.all(provider.servers.map((server) => this.#look(provider, server)));
    const lag = this.#lag.get(provider.id) ?? 0;
    if (lag > 0) this.#lag.set(provider.id, lag - 1);
    const shown = lag > 0 ? servers.map(asBefore) : servers;
    const client = this.providers.clientOf(provider);
    return {
      _typeName: 'CryptoManagerKmipClusterStatus',
      clusterId: { _typeName: 'KeyProviderId', id: provider.id },
      overallStatus: overall(shown),
      managementType: provider.managementType,
      servers: shown,
      ...(client && { clientCertInfo: certificateInfo(client.certificate, this.clock.now()) }),
    };
  }

  /** As the last look found it; a provider that was never looked at is not active [inferred]. */
  isActive(provider: ProviderRow): boolean {
    return provider.servers.some((server) => this.#last.get(nameOf(provider, server)) === true);
  }

  async #look(provider: ProviderRow, server: ServerRow): Promise<KmipServerStatus> {
    const status = await this.#statusOf(provider, server);
    this.#last.set(nameOf(provider, server), status.status === 'green');
    return status;
  }

  async #statusOf(provider: ProviderRow, server: ServerRow): Promise<KmipServerStatus> {
    const red = {
      _typeName: 'CryptoManagerKmipServerStatus',
      name: server.name,
      status: 'red',
      connectionStatus: NOT_CONNECTED,
    } as const;
    const certificate = await this.servers.presented(provider, server);
    if (certificate === undefined) return red;
    const certInfo = certificateInfo(certificate, this.clock.now());
    // Nothing is sent to a server that is not trusted, so whether it would trust us is not known.
    if (!this.servers.trusts(provider, certificate)) return { ...red, certInfo, clientTrustServer: false };
    const seen = { ...red, certInfo, clientTrustServer: true } as const;
    try {
      await this.servers.test(provider, server);
    } catch (error) {
      if (!(error instanceof KeyServerFailure)) throw error;
      return { ...seen, serverTrustClient: false };
    }
    await this.#introduce(provider, server);
    return { ...seen, status: 'green', connectionStatus: CONNECTED, serverTrustClient: true };
  }

  async #introduce(provider: ProviderRow, server: ServerRow): Promise<void> {
    const name = nameOf(provider, server);
    if (this.#queried.has(name)) return;
    this.#queried.add(name);
    await this.servers.query(provider, server).catch((error: unknown) => {
      if (!(error instanceof KeyServerFailure)) throw error;
    });
  }
}

const nameOf = ({ id }: ProviderRow, { name }: ServerRow): string => `${id}\n${name}`;

const asBefore = (status: KmipServerStatus): KmipServerStatus => ({
  ...status,
  status: 'red',
  connectionStatus: NOT_CONNECTED,
});

/** Some of them connected: yellow; a provider without servers is gray [inferred]. */
function overall(servers: readonly KmipServerStatus[]): ManagedEntityStatus {
  if (servers.length === 0) return 'gray';
  const green = servers.filter(({ status }) => status === 'green').length;
  if (green === servers.length) return 'green';
  return green === 0 ? 'red' : 'yellow';
}
