import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { Agent, buildConnector, request } from 'undici';

import type { ViRequest, ViResponse, ViTransport } from './transport';
import { CertificateChanged, ViConnectionError } from './vi-connection.error';

/** The inventory of 2,000 machines comes in pages of a few MB; more than this is not vCenter. */
const BODY_LIMIT_BYTES = 64 * 1024 * 1024;

/** A vCenter's certificate as its TLS handshake showed it. */
export interface PresentedCertificate {
  /** SHA-256 over DER, upper-case pairs with colons. */
  readonly sha256: string;
  readonly sha1: string;
  readonly subject: string;
  readonly issuer: string;
  readonly validTo: Date;
}

/**
 * HTTPS to one vCenter, whose leaf certificate is compared with the pin before a byte of a request is written. Chain,
 * name and dates of it count for nothing: the pin alone decides, as it does in vCenter towards us.
 */
export class PinnedTransport implements ViTransport {
  readonly #agent: Agent;
  readonly #origin: string;

  /** @param pin SHA-256 of the leaf, in any usual form */
  constructor(url: URL, pin: string) {
    this.#origin = url.origin;
    this.#agent = new Agent({
      connect: pinnedConnector(pin),
      connections: 4,
      // Envoy drops idle connections; one that was idle for less than it allows is not met half closed.
      keepAliveTimeout: 5_000,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  async exchange(asked: ViRequest): Promise<ViResponse> {
    try {
      const answer = await request(this.#origin + asked.path, {
        dispatcher: this.#agent,
        method: asked.method,
        headers: asked.headers,
        body: asked.body ?? null,
        signal: asked.signal,
      });
      return {
        status: answer.statusCode,
        headers: Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, single(name, value)])),
        body: await readBody(answer.body),
      };
    } catch (error) {
      throw connectionFault(error, this.#origin);
    }
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }
}

/** Of what was sent twice the last counts; cookies stand beside each other, a line each. */
function single(name: string, value: string | string[] | undefined): string | undefined {
  if (!Array.isArray(value)) return value;
  return name === 'set-cookie' ? value.join('\n') : value.at(-1);
}

async function readBody(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > BODY_LIMIT_BYTES) throw new ViConnectionError('malformed', 'vCenter answered with more than 64 MB.');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function pinnedConnector(pin: string): buildConnector.connector {
  // No resumed sessions: each handshake shows the certificate.
  const connect = buildConnector({ rejectUnauthorized: false, maxCachedSessions: 0, timeout: 10_000 });
  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      const presented = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.fingerprint256 : undefined;
      if (presented !== undefined && normalized(presented) === normalized(pin)) {
        callback(null, socket);
        return;
      }
      socket.destroy();
      callback(new CertificateChanged(pin, presented), null);
    });
  };
}

/** Hexadecimal digits alone, upper case: vendors differ in separators and case. */
function normalized(fingerprint: string): string {
  return fingerprint.replace(/[^0-9a-f]/gi, '').toUpperCase();
}

export function sameFingerprint(one: string, other: string): boolean {
  return normalized(one) === normalized(other);
}

function connectionFault(error: unknown, origin: string): ViConnectionError {
  if (error instanceof ViConnectionError) return error;
  const { name, message } = error as Partial<Error>;
  const cause = { cause: error };
  if (name === 'TimeoutError') return new ViConnectionError('deadline', `${origin} did not answer in time.`, cause);
  if (name === 'AbortError') return new ViConnectionError('cancelled', 'Cancelled.', cause);
  return new ViConnectionError('unreachable', `${origin} cannot be reached: ${message ?? String(error)}`, cause);
}

/**
 * Reads the certificate that a vCenter presents, and talks no further: the one connection that trusts anybody.
 * @throws ViConnectionError when there is no TLS at the address
 */
export async function presentedCertificate(url: URL, timeoutMs = 10_000): Promise<PresentedCertificate> {
  const connect = buildConnector({ rejectUnauthorized: false, maxCachedSessions: 0, timeout: timeoutMs });
  const socket = await new Promise<unknown>((resolve, reject) => {
    connect(
      { hostname: url.hostname, protocol: 'https:', port: url.port === '' ? '443' : url.port },
      (...[error, connected]) => (error === null ? resolve(connected) : reject(connectionFault(error, url.origin))),
    );
  });
  if (!(socket instanceof TLSSocket)) throw new ViConnectionError('unreachable', `${url.origin} does not speak TLS.`);
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  if (certificate === undefined) throw new ViConnectionError('unreachable', `${url.origin} presents no certificate.`);
  return describe(certificate);
}

function describe(certificate: X509Certificate): PresentedCertificate {
  return {
    sha256: certificate.fingerprint256,
    sha1: certificate.fingerprint,
    subject: certificate.subject.replaceAll('\n', ', '),
    issuer: certificate.issuer.replaceAll('\n', ', '),
    validTo: new Date(certificate.validTo),
  };
}
