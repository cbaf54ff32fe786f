import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';

import { type CertificateFingerprint } from '@lib/kernel';

import { addressGroup, AddressList, plainAddress } from './addresses';
import { ClientAdmission } from './client-admission';
import { KmipConnection } from './connection';
import { type HandshakeFailure, type KmipConnectionHandler, type TransportObserver } from './handler';
import { handshakeFailureOf } from './handshake-failure';
import { HandshakeQueue } from './handshake-queue';
import { IncomingConnection } from './incoming-connection';
import { LargeRequests } from './large-requests';
import { DEFAULT_TRANSPORT_LIMITS, type TransportLimitName, type TransportLimits } from './limits';
import { type PeerDescription, PeerDescriptions } from './peer';
import { type Place, PlaceGate } from './place-gate';
import { readProxyHeader } from './proxy-protocol';
import {
  assertUsable,
  contextSettings,
  leafFingerprint,
  type ListenerCertificate,
  serverSettings,
} from './tls-settings';
import { TransportError } from './transport.error';

const KEEP_ALIVE_AFTER_MS = 60_000;
/** Connections the kernel accepts for us meanwhile: a site that comes back at once. */
const BACKLOG = 4_096;

export interface KmipListenerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly certificate: ListenerCertificate;
  readonly handler: KmipConnectionHandler;
  readonly observer?: TransportObserver;
  /** Default true: the two RSA-AES-CBC-SHA256 suites old vCenters need, after all others. */
  readonly legacyCiphers?: boolean;
  /** Addresses and networks of balancers that send PROXY protocol v2; from these the header is demanded. */
  readonly proxyProtocolFrom?: readonly string[];
  readonly limits?: Partial<TransportLimits>;
}

/**
 * KMIP over mutual TLS (KMIP 1.4 Profiles §3): accepts, limits and describes clients, cuts their streams into messages
 * and has one handler answer them. It knows nothing of tenants. Whatever a peer does ends in an answer or a closed
 * connection, never in an exception of the process.
 */
export class KmipListener {
  readonly #options: KmipListenerOptions;
  readonly #limits: TransportLimits;
  readonly #legacyCiphers: boolean;
  readonly #observer: TransportObserver;
  readonly #proxies: AddressList;
  readonly #halfOpen: PlaceGate;
  readonly #admission: ClientAdmission;
  readonly #peers = new PeerDescriptions();
  readonly #largeRequests: LargeRequests;
  readonly #handshakes: HandshakeQueue;
  readonly #tcp: Server;
  readonly #tls: TlsServer;
  /** Every socket accepted and not yet closed. */
  readonly #sockets = new Set<Socket>();
  /** Connections in their handshake by both ends of their TCP connection: what the TLS layer lets us recognise them by. */
  readonly #incoming = new Map<string, IncomingConnection>();
  readonly #connections = new Set<KmipConnection>();
  #nextConnection = 1;
  /** SHA-256 of the certificate that new connections are shown. */
  #presented: CertificateFingerprint;
  #closing: Promise<void> | undefined;

  /** @throws TransportError when certificate and key do not fit. */
  constructor(options: KmipListenerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_TRANSPORT_LIMITS, ...options.limits };
    this.#legacyCiphers = options.legacyCiphers ?? true;
    this.#observer = options.observer ?? {};
    this.#proxies = new AddressList(options.proxyProtocolFrom ?? []);
    this.#halfOpen = new PlaceGate(this.#limits.maximumHalfOpen, this.#limits.maximumHalfOpenPerAddress);
    this.#admission = new ClientAdmission(options.handler, this.#limits);
    this.#largeRequests = new LargeRequests(this.#limits.maximumLargeRequestBytes);
    this.#handshakes = new HandshakeQueue(this.#limits.maximumHandshakes);
    assertUsable(options.certificate, this.#legacyCiphers);
    this.#presented = leafFingerprint(options.certificate);
    this.#tls = createTlsServer(serverSettings(options.certificate, this.#legacyCiphers));
    this.#tls.on('secureConnection', (socket) => this.#onSecure(socket));
    this.#tls.on('tlsClientError', (error, socket) => this.#onHandshakeError(error, socket));
    this.#tls.on('error', () => undefined);
    this.#tcp = createServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
    });
    this.#tcp.on('connection', (socket) => this.#onConnection(socket));
  }

  /** Takes connections: no sooner than {@link listen} resolves, and not after {@link close} was asked for. */
  get isListening(): boolean {
    return this.#tcp.listening;
  }

  /** Clients past their handshake. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Accepted and not yet closed: those in their handshake and the open ones, and nothing else. */
  get socketCount(): number {
    return this.#sockets.size;
  }

  /** Connections that have not finished their handshake. */
  get halfOpenCount(): number {
    return this.#halfOpen.taken;
  }

  /** @throws TransportError when the port is taken or the address is not ours. */
  async listen(): Promise<{ readonly port: number }> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#tcp.once('error', (cause: NodeJS.ErrnoException) => {
        const fault =
          cause.code === 'EADDRINUSE' ? 'the port is taken' : `the port cannot be opened (${String(cause.code)})`;
        reject(new TransportError('kmip_port_unavailable', `KMIP port ${host}:${port}: ${fault}`, { cause }));
      });
      this.#tcp.listen({ host, port, backlog: BACKLOG }, resolve);
    });
    this.#tcp.removeAllListeners('error').on('error', () => undefined);
    // A TCP server that listens has an address with a port; a string would be a pipe.
    return { port: (this.#tcp.address() as { port: number }).port };
  }

  /**
   * Presents another certificate to new connections; open ones go on.
   * @throws TransportError when certificate and key do not fit; the old ones stay in use.
   */
  reloadCertificate(certificate: ListenerCertificate): void {
    assertUsable(certificate, this.#legacyCiphers);
    this.#tls.setSecureContext(contextSettings(certificate, this.#legacyCiphers));
    this.#presented = leafFingerprint(certificate);
  }

  /** Cuts the connections of certain clients, e.g. of a certificate that was removed. @returns how many. */
  closeWhere(predicate: (peer: PeerDescription) => boolean): number {
    const chosen = [...this.#connections].filter(({ peer }) => predicate(peer));
    for (const connection of chosen) connection.destroy('revoked');
    return chosen.length;
  }

  /**
   * Stops accepting, lets requests under way finish, says goodbye to idle clients, and cuts whatever is left after
   * `graceMs`. Idempotent; resolves when nothing is open.
   */
  close(options: { readonly graceMs: number }): Promise<void> {
    this.#closing ??= this.#close(options.graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    const stopped = this.#tcp.listening
      ? new Promise<void>((resolve) => this.#tcp.close(() => resolve()))
      : Promise.resolve();
    for (const incoming of this.#incoming.values()) incoming.fail('draining');
    for (const connection of this.#connections) connection.drain();
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy('draining');
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    // The TCP server is closed when its last socket is; the TLS layer above tells of it a moment later.
    await stopped;
    await Promise.all([...this.#connections].map((connection) => connection.closed));
    clearTimeout(timer);
  }

  #onConnection(socket: Socket): void {
    socket.on('error', () => undefined);
    const key = addressKey(socket);
    // Without an address the peer is gone already.
    if (key === undefined || this.#closing !== undefined) {
      this.#drop(socket, key === undefined ? 'closed_by_peer' : 'draining');
      return;
    }
    const place = this.#takePlace(socket);
    if (place === undefined) return;
    const incoming = this.#register(socket, key, place);
    if (!this.#proxies.includes(incoming.remoteAddress)) {
      this.#startTls(incoming);
      return;
    }
    readProxyHeader(socket, (header) => {
      if (header === 'invalid') {
        incoming.fail('proxy_header');
        return;
      }
      if (header.client !== undefined) incoming.comesFrom(header.client);
      this.#startTls(incoming);
    });
  }

  #takePlace(socket: Socket): Place | undefined {
    // Open connections are counted after the handshake, where a client can be told why it is not served.
    const place = this.#halfOpen.take() ?? this.#makeRoom();
    if (place !== undefined) return place;
    this.#drop(socket, 'over_limit');
    this.#limitReached('half_open', socket.remoteAddress ?? '');
    return undefined;
  }

  /** Before it counts for anything. */
  #drop(socket: Socket, reason: HandshakeFailure): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    socket.destroy();
    this.#tell(() => this.#observer.handshakeFailed?.(reason, address));
  }

  /**
   * Refusing newcomers would let a dozen hosts that say nothing lock everyone out. The longest silent one goes instead,
   * of the address that has the most of them; who waits for its turn has spoken.
   */
  #makeRoom(): Place | undefined {
    const crowd = this.#halfOpen.largestGroup();
    const candidates = [...this.#incoming.values()].filter(({ halfOpen }) => halfOpen);
    const crowding = candidates.filter(({ remoteAddress }) => addressGroup(remoteAddress) === crowd);
    const victim = crowding.find(({ silent }) => silent) ?? crowding[0] ?? candidates[0];
    if (victim === undefined) return undefined;
    victim.fail('crowded_out');
    this.#limitReached('half_open', victim.remoteAddress);
    return this.#halfOpen.take();
  }

  #register(socket: Socket, key: string, place: Place): IncomingConnection {
    const incoming = new IncomingConnection(socket, String(this.#nextConnection++), place, {
      timeoutMs: this.#limits.handshakeTimeoutMs,
      queueTimeoutMs: this.#limits.handshakeQueueTimeoutMs,
      onFailure: (reason, remoteAddress) => this.#tell(() => this.#observer.handshakeFailed?.(reason, remoteAddress)),
    });
    this.#sockets.add(socket);
    this.#incoming.set(key, incoming);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#incoming.get(key) === incoming) this.#incoming.delete(key);
    });
    return incoming;
  }

  #startTls(incoming: IncomingConnection): void {
    if (incoming.socket.destroyed) return;
    if (!incoming.place.assign(addressGroup(incoming.remoteAddress))) {
      incoming.fail('over_limit');
      this.#limitReached('half_open_per_address', incoming.remoteAddress);
      return;
    }
    const group = addressGroup(incoming.remoteAddress);
    const begin = (): void => {
      // What closes before its turn is settled by its close.
      if (incoming.socket.destroyed) return;
      incoming.serverFingerprint = this.#presented;
      this.#tls.emit('connection', incoming.socket);
    };
    incoming.spoken(() => incoming.queue((turn) => this.#handshakes.enter(group, turn), begin));
  }

  #onSecure(socket: TLSSocket): void {
    socket.on('error', () => undefined);
    const key = addressKey(socket);
    const incoming = key === undefined ? undefined : this.#incoming.get(key);
    if (key === undefined || incoming === undefined || this.#closing !== undefined) {
      socket.destroy();
      return;
    }
    this.#incoming.delete(key);
    incoming.succeed();
    // From here on a client that closed its sending side still gets its answer. Not before: during the handshake it
    // would only hold a place until the time-out.
    socket.allowHalfOpen = true;
    const { connectionId, remoteAddress, remotePort, serverFingerprint = this.#presented } = incoming;
    let peer: PeerDescription;
    try {
      peer = this.#peers.of(socket, { connectionId, remoteAddress, remotePort, serverFingerprint });
    } catch {
      // A certificate OpenSSL took but Node cannot describe: nobody we could know.
      socket.destroy();
      this.#tell(() => this.#observer.handshakeFailed?.('client_certificate_unusable', remoteAddress));
      return;
    }
    this.#tell(() => this.#observer.handshakeCompleted?.(peer));
    this.#open(socket, peer);
  }

  #open(socket: TLSSocket, peer: PeerDescription): void {
    const verdict = this.#admission.enter(peer);
    const { refusal, limit } = verdict;
    const connection = new KmipConnection(socket, peer, {
      handler: limit === undefined ? this.#options.handler : this.#refusing(limit),
      observer: this.#observer,
      limits: this.#limits,
      idleTimeoutMs: verdict.idleTimeoutMs,
      maximumMessageBytes: verdict.maximumMessageBytes,
      memory: this.#largeRequests.account(),
    });
    this.#connections.add(connection);
    socket.once('close', () => {
      verdict.leave();
      this.#connections.delete(connection);
    });
    if (refusal !== undefined) {
      if (limit !== undefined) this.#limitReached(limit, peer.remoteAddress);
      this.#tell(() => this.#options.handler.refused?.(peer, refusal));
    }
    if (verdict.heard) connection.start();
    else if (limit !== undefined) connection.turnAway(limit);
    else connection.end('refused');
  }

  /** A client over a limit is told which by the answer to its first request. */
  #refusing(limit: TransportLimitName): KmipConnectionHandler {
    const { handler } = this.#options;
    return {
      handleMessage: (message, peer) => {
        const response = handler.overLimit?.(message, peer, limit) ?? Buffer.alloc(0);
        return Promise.resolve({ response, close: true });
      },
      frameError: (error, peer) => handler.frameError?.(error, peer),
      ...(handler.overLimit && { overLimit: handler.overLimit.bind(handler) }),
    };
  }

  #onHandshakeError(error: Error, socket: TLSSocket): void {
    socket.on('error', () => undefined);
    const key = addressKey(socket);
    const incoming = key === undefined ? undefined : this.#incoming.get(key);
    incoming?.fail(handshakeFailureOf(error));
    socket.destroy();
  }

  #limitReached(limit: TransportLimitName, address: string): void {
    this.#tell(() => this.#observer.limitReached?.(limit, address));
  }

  #tell(notify: () => void): void {
    try {
      notify();
    } catch {
      // Whoever watches must not be able to stop the service.
    }
  }
}

/** Two open connections never share it: one client may use one port to reach two addresses of ours. Undefined when the peer has gone. */
function addressKey(socket: Socket | TLSSocket): string | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return `${remoteAddress}|${remotePort}|${String(localAddress)}|${String(localPort)}`;
}
