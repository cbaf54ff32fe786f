import { type Duplex } from 'node:stream';

import { MessageFramer, Tag } from '@lib/kmip-protocol';

import { KmipClientError } from './kmip-client.error';

/** Servers answer a search at more length than they take requests. */
const MAXIMUM_ANSWER_BYTES = 16_777_216;

export interface MessageExchangeOptions {
  readonly requestTimeoutMs: number;
  /** Requests sent before the first of them is answered; KMIP servers answer in order. */
  readonly maximumInFlight: number;
}

/** How long a peer that no longer reads can hold up a close. */
const CLOSE_TIMEOUT_MS = 1_000;

interface Exchange {
  readonly request: Buffer;
  readonly resolve: (response: Buffer) => void;
  readonly reject: (error: KmipClientError) => void;
  timer?: NodeJS.Timeout;
}

/**
 * Requests and answers as bytes over one stream, matched by order. After any failure the stream is out of step: it is
 * destroyed, and every waiting request fails with the first cause.
 */
export class MessageExchange {
  readonly #stream: Duplex;
  readonly #options: MessageExchangeOptions;
  readonly #framer = new MessageFramer({
    messageTag: Tag.ResponseMessage,
    maximumMessageBytes: MAXIMUM_ANSWER_BYTES,
  });
  readonly #waiting: Exchange[] = [];
  readonly #inFlight: Exchange[] = [];
  #failure: KmipClientError | undefined;

  constructor(stream: Duplex, options: MessageExchangeOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('error', (cause) =>
      this.#fail(new KmipClientError('closed', 'the connection to the KMIP server broke', { cause })),
    );
    for (const event of ['end', 'close']) {
      stream.on(event, () =>
        this.#fail(new KmipClientError('closed', 'the KMIP server closed the connection; does it accept this client?')),
      );
    }
  }

  /** Sends one whole message and gives the whole answer. */
  send(request: Buffer): Promise<Buffer> {
    const failure = this.#failure;
    if (failure !== undefined) return Promise.reject(failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#pump();
    });
  }

  /** Ends the stream; requests that still wait fail. */
  close(): Promise<void> {
    this.#failure ??= new KmipClientError('closed', 'the connection was closed by this client');
    this.#rejectAll(this.#failure);
    if (this.#stream.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const impatience = setTimeout(() => this.#stream.destroy(), CLOSE_TIMEOUT_MS);
      this.#stream.once('close', () => {
        clearTimeout(impatience);
        resolve();
      });
      this.#stream.end(() => this.#stream.destroy());
    });
  }

  #pump(): void {
    while (this.#inFlight.length < this.#options.maximumInFlight) {
      const exchange = this.#waiting.shift();
      if (exchange === undefined) return;
      const { requestTimeoutMs } = this.#options;
      exchange.timer = setTimeout(
        () => this.#fail(new KmipClientError('timeout', `no answer within ${requestTimeoutMs} ms`)),
        requestTimeoutMs,
      );
      this.#inFlight.push(exchange);
      this.#stream.write(exchange.request);
    }
  }

  #receive(chunk: Buffer): void {
    const { messages, refusal } = this.#framer.push(chunk);
    for (const message of messages) this.#answer(message);
    if (refusal !== undefined) {
      this.#fail(new KmipClientError('protocol', 'the server does not answer in KMIP', { cause: refusal }));
    }
  }

  #answer(message: Buffer): void {
    const exchange = this.#inFlight.shift();
    if (exchange === undefined) {
      this.#fail(new KmipClientError('protocol', 'the server sent an answer that nobody asked for'));
      return;
    }
    clearTimeout(exchange.timer);
    exchange.resolve(message);
    this.#pump();
  }

  #fail(failure: KmipClientError): void {
    this.#failure ??= failure;
    this.#rejectAll(this.#failure);
    this.#stream.destroy();
  }

  #rejectAll(failure: KmipClientError): void {
    for (const exchange of [...this.#inFlight.splice(0), ...this.#waiting.splice(0)]) {
      clearTimeout(exchange.timer);
      exchange.reject(failure);
    }
  }
}
