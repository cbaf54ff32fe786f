import { isIP, type Socket } from 'node:net';

import { DomainError } from '@lib/kernel';
import { addressGroup, AddressList, plainAddress } from '@lib/kmip-transport';
import { type FastifyInstance, type FastifyRequest } from 'fastify';

/** How long a connection may take. */
export interface ServerTimes {
  /** From the first byte of a request to the end of its headers. */
  readonly headersMs: number;
  /** For a whole request. */
  readonly requestMs: number;
  /** Between two requests. Longer than the idle time of common proxies, so that they close first and lose no request. */
  readonly idleMs: number;
  /** Without a byte in either direction, such as a caller that does not read his answer. */
  readonly silentMs: number;
}

const TIMES: ServerTimes = { headersMs: 10_000, requestMs: 30_000, idleMs: 75_000, silentMs: 120_000 };
/** How often Node looks for requests that take too long. */
const LOOK_EVERY_MS = 1_000;
const MAX_HEADER_BYTES = 16_384;

export interface ServerSettings {
  readonly managementTrustedProxies?: readonly string[] | undefined;
  readonly managementMaximumConnections: number;
  readonly managementMaximumConnectionsPerAddress: number;
}

/**
 * What the HTTP server is made with. Whose word on the client's address counts is said by configuration alone: to believe
 * a header of anyone would let him write another's address into the audit trail, and have a fresh limit for each request.
 */
export function serverOptions({ managementTrustedProxies: proxies }: ServerSettings, times = TIMES) {
  return {
    trustProxy: proxies === undefined ? false : [...proxies],
    requestTimeout: times.requestMs,
    keepAliveTimeout: times.idleMs,
    connectionTimeout: times.silentMs,
    http: {
      headersTimeout: times.headersMs,
      connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, times.headersMs),
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
    },
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => answerUnreadable(error, socket, times),
  } as const;
}

/** Of the client, as far as a trusted proxy said so; of the proxy where what it said is no address. */
export function addressOf({ ip, socket }: FastifyRequest): string {
  return plainAddress(isIP(ip) > 0 ? ip : (socket.remoteAddress ?? ''));
}

class TooManyConnectionsError extends DomainError {
  readonly code = 'too_many_connections';
  readonly statusCode = 503;
}

/**
 * Bounds the connections. Those over a limit are answered with 503 and closed, so that a caller learns what is wrong; as
 * many again are let in for that, and the rest is closed at once.
 */
export function limitConnections(fastify: FastifyInstance, settings: ServerSettings): void {
  const { managementMaximumConnections: maximum, managementMaximumConnectionsPerAddress: perAddress } = settings;
  const proxies = new AddressList(settings.managementTrustedProxies ?? []);
  const open = new Map<string, number>();
  const refused = new WeakMap<Socket, string>();
  let all = 0;
  const server = fastify.server;
  server.maxConnections = 2 * maximum;
  server.on('connection', (socket: Socket) => {
    const peer = plainAddress(socket.remoteAddress ?? '');
    const address = addressGroup(peer);
    // A proxy connects for everybody.
    const ofAddress = proxies.includes(peer) ? 0 : (open.get(address) ?? 0) + 1;
    if (ofAddress > 2 * perAddress) {
      socket.destroy();
      return;
    }
    all += 1;
    socket.once('close', () => {
      all -= 1;
    });
    if (ofAddress > 0) {
      open.set(address, ofAddress);
      socket.once('close', () => {
        const left = (open.get(address) ?? 0) - 1;
        if (left > 0) open.set(address, left);
        else open.delete(address);
      });
    }
    if (ofAddress > perAddress) refused.set(socket, `Your address has more than ${perAddress} connections open`);
    else if (all > maximum) refused.set(socket, `More than ${maximum} connections are open`);
  });
  fastify.addHook('onRequest', (request, reply, next) => {
    const reason = refused.get(request.socket);
    if (reason === undefined) {
      next();
      return;
    }
    reply.headers({ connection: 'close', 'retry-after': '1' });
    next(new TooManyConnectionsError(`${reason}: close some, or use them again, and repeat the request.`));
  });
}

/** What is no HTTP request belongs to no space of routes: its answer says which limit it met, and no more. */
function answerUnreadable({ code }: NodeJS.ErrnoException, socket: Socket, times: ServerTimes): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, message] = unreadable(code, times);
  const body = `${JSON.stringify({ errors: [{ message }], status_code: Number(status.slice(0, 3)) })}\n`;
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function unreadable(code: string | undefined, times: ServerTimes): readonly [status: string, message: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return ['431 Request Header Fields Too Large', `The headers are larger than ${MAX_HEADER_BYTES} bytes.`];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [
        '408 Request Timeout',
        `The headers did not arrive within ${times.headersMs / 1_000} s, or the request within ${times.requestMs / 1_000} s.`,
      ];
    default:
      return ['400 Bad Request', 'This is not a valid HTTP/1.1 request.'];
  }
}
