import { type FramingError } from '@lib/kmip-protocol';
import { type Admission, type KmipAnswer, type KmipConnectionHandler, type PeerDescription } from '@lib/kmip-transport';

const REQUEST_HEADER = Buffer.from('42007801', 'hex');
const RESPONSE_HEADER = Buffer.from('42007b01', 'hex');

/** A request message with `body` as its value; only the outer item matters to the transport. */
export function framed(body: string | Buffer, header = REQUEST_HEADER): Buffer {
  const value = Buffer.from(body);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  return Buffer.concat([header, length, value]);
}

export const framedResponse = (body: string | Buffer): Buffer => framed(body, RESPONSE_HEADER);

interface Held {
  readonly body: string;
  readonly signal: AbortSignal;
  readonly release: () => void;
}

/**
 * Answers each message with its own value. `holding` keeps answers back until they are released; bodies that begin
 * with `close` or `throw` do what they say, and `big N` is answered with N bytes.
 */
export class EchoHandler implements KmipConnectionHandler {
  readonly bodies: string[] = [];
  readonly peers: PeerDescription[] = [];
  readonly refusals: string[] = [];
  readonly frameErrors: FramingError[] = [];
  /** The buffers handed in and out, to look at after the answer. */
  readonly messages: Buffer[] = [];
  readonly responses: Buffer[] = [];
  /** Bodies of the messages whose answers take no memory any more. */
  readonly released: string[] = [];
  holding = false;
  admission: (peer: PeerDescription) => Admission = () => 'known';
  #held: Held[] = [];
  #wake: (() => void)[] = [];

  admit(peer: PeerDescription): Admission {
    return this.admission(peer);
  }

  async handleMessage(message: Buffer, peer: PeerDescription, signal: AbortSignal): Promise<KmipAnswer> {
    const body = message.subarray(8).toString('latin1');
    this.bodies.push(body);
    this.peers.push(peer);
    this.messages.push(message);
    if (this.holding) await this.#hold(body, signal);
    if (body.startsWith('throw')) throw new Error('the handler broke');
    const big = /^big (\d+)/.exec(body)?.[1];
    const response = framedResponse(big === undefined ? body : Buffer.alloc(Number(big), 'x'));
    this.responses.push(response);
    return { response, close: body.startsWith('close'), released: () => void this.released.push(body) };
  }

  frameError(error: FramingError): Buffer | undefined {
    this.frameErrors.push(error);
    return error.fault === 'too-large' ? framedResponse('too large') : undefined;
  }

  overLimit(_message: Buffer, _peer: PeerDescription, limit: string): Buffer {
    return framedResponse(`over ${limit}`);
  }

  refused(_peer: PeerDescription, reason: string): void {
    this.refusals.push(reason);
  }

  /** The `count`th answer that is being held back, now or later. */
  async held(count = 1): Promise<Held> {
    for (;;) {
      const held = this.#held[count - 1];
      if (held !== undefined) return held;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #hold(body: string, signal: AbortSignal): Promise<void> {
    return new Promise((release) => {
      this.#held.push({ body, signal, release });
      const wake = this.#wake;
      this.#wake = [];
      for (const go of wake) go();
    });
  }
}
