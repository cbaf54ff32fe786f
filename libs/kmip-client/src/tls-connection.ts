import { isIP } from 'node:net';
import { connect, type ConnectionOptions, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';

import { type Secret, toFingerprint } from '@lib/kernel';

import { KmipClientError } from './kmip-client.error';

/** How the server is recognised: by a CA of ours, by the SHA-256 of its certificate (hex; of one of several), or by the public CAs. */
export type ServerTrust =
  { readonly caPem: string } | { readonly pinnedSha256: string | readonly string[] } | 'public-cas';

/** Who the client is and whom it trusts. */
export interface TlsIdentity {
  readonly clientCertificatePem: string;
  readonly clientKeyPem: Secret;
  readonly serverTrust: ServerTrust;
  readonly tls?: Pick<ConnectionOptions, 'minVersion' | 'maxVersion' | 'ciphers'>;
}

export interface TlsConnectionOptions extends TlsIdentity {
  readonly host: string;
  /** 5696 unless said otherwise, the port KMIP has at IANA. */
  readonly port?: number;
  /** Name for SNI and for the certificate check; the host unless said otherwise. */
  readonly serverName?: string;
  readonly connectTimeoutMs?: number;
  /** The identity as {@link parseIdentity} made it, for a client that connects often: parsing costs more than a handshake. */
  readonly secureContext?: SecureContext;
}

/** What the handshake agreed on, copied while the socket was alive. */
export interface TlsSessionFacts {
  readonly protocol: string;
  readonly cipher: string;
  /** Lower-case hex SHA-256 of the server's certificate. */
  readonly serverSha256: string;
}

export interface TlsConnection {
  readonly socket: TLSSocket;
  readonly facts: TlsSessionFacts;
}

const DEFAULT_PORT = 5696;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

/** Parses certificate, key and trust once for many connections. */
export const parseIdentity = (identity: TlsIdentity): SecureContext => createSecureContext(identityOptions(identity));

/**
 * Opens a mutually authenticated connection. TLS getters are read in the connect handler and nowhere else: on Node 20
 * several of them crash the process when called after a failed handshake.
 */
export function openTlsConnection(options: TlsConnectionOptions): Promise<TlsConnection> {
  const { host, port = DEFAULT_PORT } = options;
  return new Promise((resolve, reject) => {
    const socket = connect(connectionOptions(options));
    const fail = (error: KmipClientError): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    const timer = setTimeout(
      () => fail(new KmipClientError('timeout', `no TLS connection to ${host}:${port} within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const onError = (error: Error): void =>
      fail(new KmipClientError('unreachable', `no TLS connection to ${host}:${port}`, { cause: error }));
    const onClose = (): void => fail(new KmipClientError('unreachable', `${host}:${port} closed during the handshake`));
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once('secureConnect', () => {
      const facts = readFacts(socket);
      if (!isTrusted(options.serverTrust, facts)) {
        fail(new KmipClientError('untrusted', `${host}:${port} shows another certificate than the pinned one`));
        return;
      }
      clearTimeout(timer);
      socket.off('error', onError);
      socket.off('close', onClose);
      resolve({ socket, facts });
    });
  });
}

function connectionOptions(options: TlsConnectionOptions): ConnectionOptions {
  const { host, port = DEFAULT_PORT, serverTrust } = options;
  const serverName = options.serverName ?? host;
  const { secureContext } = options;
  return {
    ...(secureContext === undefined ? identityOptions(options) : { secureContext }),
    host,
    port,
    // An address is no name: SNI must not carry it (RFC 6066 §3).
    ...(isIP(serverName) === 0 && { servername: serverName }),
    // A pinned certificate is compared whole, and before anything is sent; a chain would add nothing.
    rejectUnauthorized: serverTrust === 'public-cas' || 'caPem' in serverTrust,
  };
}

function identityOptions({ clientCertificatePem, clientKeyPem, serverTrust, tls }: TlsIdentity) {
  return {
    minVersion: 'TLSv1.2',
    ...tls,
    cert: clientCertificatePem,
    key: clientKeyPem.expose(),
    ...(typeof serverTrust === 'object' && 'caPem' in serverTrust && { ca: serverTrust.caPem }),
  } as const;
}

function readFacts(socket: TLSSocket): TlsSessionFacts {
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    serverSha256: toFingerprint(socket.getPeerX509Certificate()?.fingerprint256 ?? ''),
  };
}

const isTrusted = (trust: ServerTrust, facts: TlsSessionFacts): boolean =>
  trust === 'public-cas' ||
  'caPem' in trust ||
  [trust.pinnedSha256].flat().some((pinned) => toFingerprint(pinned) === facts.serverSha256);

export interface PresentedCertificateOptions {
  readonly host: string;
  /** 5696 unless said otherwise. */
  readonly port?: number;
  readonly timeoutMs?: number;
  /** Shown to a server that asks for it. */
  readonly identity?: Omit<TlsIdentity, 'serverTrust'>;
}

/**
 * The certificate that a server shows, trusted or not: a handshake, and nothing is sent.
 * @returns PEM of the leaf; undefined when there is no TLS server
 */
export function presentedCertificate(options: PresentedCertificateOptions): Promise<string | undefined> {
  const { host, port = DEFAULT_PORT, identity, timeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options;
  return new Promise((resolve) => {
    const socket = connect({
      minVersion: 'TLSv1.2',
      ...(identity && { cert: identity.clientCertificatePem, key: identity.clientKeyPem.expose() }),
      host,
      port,
      ...(isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: false,
    });
    const settle = (certificate: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(certificate);
    };
    const timer = setTimeout(() => settle(undefined), timeoutMs);
    socket.on('error', () => settle(undefined));
    socket.once('close', () => settle(undefined));
    socket.once('secureConnect', () => settle(socket.getPeerX509Certificate()?.toString()));
  });
}
