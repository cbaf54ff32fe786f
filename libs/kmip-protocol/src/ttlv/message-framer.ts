import { DomainError } from '@lib/kernel';

import { Tag } from '../spec/tag';

/** Largest value of an outer item that is ever buffered, in bytes; VMware's largest message is under 1 KiB. */
export const DEFAULT_MAXIMUM_MESSAGE_BYTES = 1_048_576;

const HEADER_BYTES = 8;
const STRUCTURE_TYPE = 1;

/** Why a stream cannot be read on: `not-kmip` is another protocol on the port, `too-large` a refused length. */
export type FramingFault = 'not-kmip' | 'too-large';

/** The stream is out of step and cannot be trusted any more: answer if the protocol allows it, then close. */
export class FramingError extends DomainError {
  readonly code = 'kmip_framing_error';

  constructor(
    readonly fault: FramingFault,
    message: string,
  ) {
    super(message);
  }
}

export interface MessageFramerOptions {
  /** Tag of the messages to expect; a server reads Request Messages, a client Response Messages. */
  readonly messageTag?: typeof Tag.RequestMessage | typeof Tag.ResponseMessage;
  readonly maximumMessageBytes?: number;
}

/** What one chunk completed. After a refusal the framer stays refused and keeps no bytes. */
export interface FramedChunk {
  /** Whole messages, outer header included, each in a buffer of its own. */
  readonly messages: readonly Buffer[];
  readonly refusal?: FramingError;
}

/**
 * Cuts a byte stream into TTLV messages. It holds no socket, so every cut can be tested. The outer header is judged
 * as it arrives, and the length before anything of the value is kept. Memory follows what was received, not what was
 * announced, and bytes are copied into one buffer: a peer that sends single bytes cannot make us hold an object each.
 */
export class MessageFramer {
  readonly #expectedPrefix: Buffer;
  readonly #maximumMessageBytes: number;
  #buffer = Buffer.alloc(0);
  #pendingBytes = 0;
  /** Total length of the message being collected; 0 while its header is incomplete. */
  #messageBytes = 0;
  #refusal: FramingError | undefined;

  constructor(options: MessageFramerOptions = {}) {
    const tag = options.messageTag ?? Tag.RequestMessage;
    this.#expectedPrefix = Buffer.from([tag >>> 16, (tag >>> 8) & 0xff, tag & 0xff, STRUCTURE_TYPE]);
    this.#maximumMessageBytes = options.maximumMessageBytes ?? DEFAULT_MAXIMUM_MESSAGE_BYTES;
  }

  /** Bytes of a message that has begun but is not complete; 0 between messages. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  push(chunk: Buffer): FramedChunk {
    const messages: Buffer[] = [];
    let at = 0;
    while (at < chunk.length && this.#refusal === undefined) {
      const wanted = this.#messageBytes === 0 ? HEADER_BYTES : this.#messageBytes;
      const taken = Math.min(wanted - this.#pendingBytes, chunk.length - at);
      this.#keep(chunk, at, taken);
      at += taken;
      if (this.#messageBytes === 0) this.#judgeHeader();
      if (this.#messageBytes > 0 && this.#pendingBytes === this.#messageBytes) messages.push(this.#takeMessage());
    }
    return this.#refusal === undefined ? { messages } : { messages, refusal: this.#refusal };
  }

  /** Looks at as much of the eight header bytes as there is: a foreign protocol is refused at its first byte. */
  #judgeHeader(): void {
    const seen = Math.min(this.#pendingBytes, this.#expectedPrefix.length);
    if (this.#buffer.compare(this.#expectedPrefix, 0, seen, 0, seen) !== 0) {
      this.#refuse('not-kmip', 'the peer does not speak KMIP here: the stream does not begin with a KMIP message');
      return;
    }
    if (this.#pendingBytes < HEADER_BYTES) return;
    const length = this.#buffer.readUInt32BE(4);
    if (length > this.#maximumMessageBytes) {
      this.#refuse('too-large', `message of ${length} bytes; at most ${this.#maximumMessageBytes} are accepted`);
      return;
    }
    this.#messageBytes = HEADER_BYTES + length;
  }

  #keep(chunk: Buffer, from: number, count: number): void {
    const needed = this.#pendingBytes + count;
    if (needed > this.#buffer.length) this.#grow(needed);
    chunk.copy(this.#buffer, this.#pendingBytes, from, from + count);
    this.#pendingBytes = needed;
  }

  /** Doubles, but never beyond the message, so that a whole message in one chunk is copied once. */
  #grow(needed: number): void {
    const ceiling = this.#messageBytes === 0 ? HEADER_BYTES : this.#messageBytes;
    const grown = Buffer.alloc(Math.min(ceiling, Math.max(needed, this.#buffer.length * 2)));
    this.#buffer.copy(grown, 0, 0, this.#pendingBytes);
    this.#buffer.fill(0);
    this.#buffer = grown;
  }

  #takeMessage(): Buffer {
    const message = this.#buffer;
    this.#reset();
    return message;
  }

  #refuse(fault: FramingFault, message: string): void {
    this.#reset();
    this.#refusal = new FramingError(fault, message);
  }

  #reset(): void {
    this.#buffer = Buffer.alloc(0);
    this.#pendingBytes = 0;
    this.#messageBytes = 0;
  }
}
