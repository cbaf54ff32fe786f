import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { type Clock, DomainError, systemClock } from '@lib/kernel';

import { type MetricsSource } from './metrics';
import { type DependencyStatus, Readiness, type ReadinessCheck } from './readiness';

export interface HealthServerOptions {
  readonly metrics?: MetricsSource;
  readonly clock?: Clock;
  /** Instead of the checks that are added, where other processes make them. */
  readonly dependencies?: () => Promise<readonly DependencyStatus[]>;
}

export interface HealthPort {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/** The health port cannot be opened. */
export class HealthServerError extends DomainError {
  readonly code = 'health_port_unavailable';
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const json = (status: number, body: unknown): Answer => ({
  status,
  contentType: 'application/json; charset=utf-8',
  body: `${JSON.stringify(body)}\n`,
});

const NOT_FOUND = json(404, { status: 'not found' });
const NOT_ALLOWED = json(405, { status: 'method not allowed' });
const FAILED = json(500, { status: 'failed' });

/**
 * Liveness, readiness and metrics on a port of their own, apart from anything clients reach. It has no authentication
 * and tells nothing but names and states of dependencies. It answers whatever comes and never throws.
 */
export class HealthServer {
  readonly #server: Server;
  readonly #readiness: Readiness;
  readonly #options: HealthServerOptions;
  #draining = false;

  constructor(options: HealthServerOptions = {}) {
    this.#options = options;
    this.#readiness = new Readiness(options.clock ?? systemClock);
    this.#server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000, keepAliveTimeout: 5_000 });
    // Probes are few; a flood must not take descriptors from the service itself.
    this.#server.maxConnections = 64;
    this.#server.on('request', (request, response) => void this.#respond(request, response));
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  addCheck(check: ReadinessCheck): void {
    this.#readiness.add(check);
  }

  /** Readiness says no from now on, so that balancers look elsewhere before connections are closed. */
  drain(): void {
    this.#draining = true;
  }

  /** What the process cannot work without, and whether it works. */
  dependencies(): Promise<readonly DependencyStatus[]> {
    return this.#options.dependencies?.() ?? this.#readiness.status();
  }

  /** @throws HealthServerError when the port is taken or the address is not ours. */
  async listen({ host, port }: HealthPort): Promise<{ readonly port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        const fault =
          cause.code === 'EADDRINUSE' ? 'the port is taken' : `the port cannot be opened (${String(cause.code)})`;
        reject(new HealthServerError(`HEALTH_PORT ${host}:${port}: ${fault}`, { cause }));
      });
      this.#server.listen(port, host, resolve);
    });
    this.#server.removeAllListeners('error').on('error', () => undefined);
    // A TCP server that listens has an address with a port; a string would be a pipe.
    return { port: (this.#server.address() as { port: number }).port };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const answer = await this.#answer(request).catch(() => FAILED);
    response.writeHead(answer.status, {
      'content-type': answer.contentType,
      'content-length': Buffer.byteLength(answer.body),
      'cache-control': 'no-store',
      ...(answer.status === 405 ? { allow: 'GET' } : {}),
    });
    response.end(answer.body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    if (request.method !== 'GET') return NOT_ALLOWED;
    switch ((request.url ?? '').split('?')[0]) {
      case '/livez':
        return json(200, { status: 'alive' });
      case '/readyz':
        return this.#ready();
      case '/metrics':
        return this.#metrics();
      default:
        return NOT_FOUND;
    }
  }

  async #ready(): Promise<Answer> {
    const dependencies = await this.dependencies();
    const ready = !this.#draining && dependencies.every(({ ok }) => ok);
    const status = ready ? 'ready' : this.#draining ? 'draining' : 'not ready';
    return json(ready ? 200 : 503, { status, dependencies });
  }

  async #metrics(): Promise<Answer> {
    const { metrics } = this.#options;
    if (metrics === undefined) return NOT_FOUND;
    return { status: 200, contentType: metrics.contentType, body: await metrics.text() };
  }
}
