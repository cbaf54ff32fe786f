import { isIP } from 'node:net';
import { connect, type ConnectionOptions, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';

import { type Secret } from '@lib/kernel';

import { KmipClientError } from './kmip-client.error';

/** How the server is recognised: by a CA of ours, by the SHA-256 of its certificate (hex), or by the public CAs. */
export type ServerTrust = { readonly caPem: string } | { readonly pinnedSha256: string } | 'public-cas';

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

const normalFingerprint = (text: string): string => text.replaceAll(':', '').toLowerCase();

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
    serverSha256: normalFingerprint(socket.getPeerX509Certificate()?.fingerprint256 ?? ''),
  };
}

const isTrusted = (trust: ServerTrust, facts: TlsSessionFacts): boolean =>
  trust === 'public-cas' || 'caPem' in trust || normalFingerprint(trust.pinnedSha256) === facts.serverSha256;
