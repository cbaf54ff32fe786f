import { type Dispatcher, Pool } from 'undici';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  /** Path and query, already encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Wiped once the exchange is over. */
  readonly body?: Buffer;
  /**
   * It must not be repeated, so it goes over a connection that was in use a moment ago, or a new one: a server may close
   * one that was idle at the very moment we reuse it, and then nobody knows whether the request was carried out.
   */
  readonly onlyOnce?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** The reader wipes it: it may hold keys. */
  readonly body: Buffer;
}

/** The exchange came to no answer. `sent` is false only when no byte of the request left this machine. */
export class ExchangeError extends Error {
  constructor(
    readonly kind: 'aborted' | 'connection' | 'too_large',
    readonly sent: boolean,
    cause?: unknown,
  ) {
    super(`HTTP exchange failed: ${kind}`, { cause });
    this.name = 'ExchangeError';
  }
}

/** One tenant's way to one origin. The seam where tests put a scripted server. */
export interface HttpExchange {
  /** Follows no redirects, repeats nothing. @throws ExchangeError */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  /** Takes no new requests; resolves once the ones under way have ended, which their deadlines see to. */
  close(): Promise<unknown>;
}

export interface PoolLimits {
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
  /** The same for requests that must not be repeated. Servers keep idle connections for longer than this. */
  readonly onlyOnceKeepAliveMs: number;
  /** A connection is given up at this age, so that a moved DNS name is noticed. */
  readonly maximumConnectionAgeMs: number;
  readonly maximumResponseBytes: number;
}

export const DEFAULT_POOL_LIMITS: PoolLimits = {
  connectTimeoutMs: 2_000,
  keepAliveMs: 30_000,
  onlyOnceKeepAliveMs: 1_000,
  maximumConnectionAgeMs: 300_000,
  maximumResponseBytes: 8 * 1024 * 1024,
};

/**
 * HTTP/1.1 over connections that belong to one tenant alone: were an answer ever to arrive on the wrong request, it
 * would still be the same tenant's. No more connections than the bulkhead lets calls through.
 */
export class UndiciExchange implements HttpExchange {
  readonly #kept: Pool;
  readonly #young: Pool;
  #closing: Promise<unknown> | undefined;

  constructor(
    origin: string,
    private readonly limits: PoolLimits = DEFAULT_POOL_LIMITS,
  ) {
    const options = {
      allowH2: false,
      connect: { timeout: limits.connectTimeoutMs },
      clientTtl: limits.maximumConnectionAgeMs,
      // The try's deadline ends an exchange; undici's own timers would only blur which limit it was.
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 1,
    };
    this.#kept = new Pool(origin, { ...options, keepAliveTimeout: limits.keepAliveMs });
    // What the server says of its own patience does not prolong ours.
    const young = { keepAliveTimeout: limits.onlyOnceKeepAliveMs, keepAliveMaxTimeout: limits.onlyOnceKeepAliveMs };
    this.#young = new Pool(origin, { ...options, ...young });
  }

  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    if (signal.aborted) throw new ExchangeError('aborted', false);
    const pool = request.onlyOnce === true ? this.#young : this.#kept;
    try {
      return await new Promise((resolve, reject) => {
        const handler = new ExchangeHandler(this.limits.maximumResponseBytes, signal, resolve, reject);
        const { method, path, headers, body } = request;
        pool.dispatch({ method, path, headers, body: body ?? null }, handler);
      });
    } finally {
      request.body?.fill(0);
    }
  }

  close(): Promise<unknown> {
    this.#closing ??= Promise.all([this.#kept.close(), this.#young.close()]);
    return this.#closing;
  }
}

type ResponseHeaders = Record<string, string | string[] | undefined>;

/** Collects one answer, and knows whether the request ever started on a socket. */
class ExchangeHandler implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: ResponseHeaders = {};
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(
    private readonly maximumBytes: number,
    private readonly signal: AbortSignal,
    private readonly resolve: (response: HttpResponse) => void,
    private readonly reject: (error: ExchangeError) => void,
  ) {
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Called just before the first byte is written: a request whose deadline passed in the queue never leaves.
    if (this.signal.aborted) {
      controller.abort(new Error('aborted'));
      return;
    }
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: ResponseHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.maximumBytes) {
      this.#fail('too_large');
      controller.abort(new Error('response too large'));
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.signal.removeEventListener('abort', this.#abort);
    const body = Buffer.concat(this.#chunks);
    this.#wipe();
    const headers = this.#headers;
    const header = (name: string): string | undefined => {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    this.resolve({ status: this.#status, header, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.#fail(this.signal.aborted ? 'aborted' : 'connection', cause);
  }

  readonly #abort = (): void => {
    this.#fail('aborted');
    this.#controller?.abort(new Error('aborted'));
  };

  #fail(kind: ExchangeError['kind'], cause?: unknown): void {
    this.signal.removeEventListener('abort', this.#abort);
    this.#wipe();
    this.reject(new ExchangeError(kind, this.#controller !== undefined, cause));
  }

  #wipe(): void {
    for (const chunk of this.#chunks) chunk.fill(0);
    this.#chunks = [];
  }
}
