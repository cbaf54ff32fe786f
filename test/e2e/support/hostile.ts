import {
  decodeResponseMessage,
  encodeRequestMessage,
  MessageFramer,
  type ResponseMessage,
  Tag,
} from '@lib/kmip-protocol';
import { type RawPeer } from '@lib/testing';

import { vcenter } from './keys';

/** However a hostile conversation goes, it is over by then; the time limits of the suite are far below. */
const OVER_WITHIN_MS = 15_000;

/**
 * Waits until the server closes, and reads all it said before.
 * @throws when it does not close, or said anything that is no whole KMIP response
 */
export async function lastWords(peer: RawPeer): Promise<readonly ResponseMessage[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still open after ${OVER_WITHIN_MS} ms`)), OVER_WITHIN_MS);
  });
  try {
    await Promise.race([peer.closed(), late]);
  } finally {
    clearTimeout(timer);
    peer.destroy();
  }
  const framer = new MessageFramer({ messageTag: Tag.ResponseMessage });
  const { messages, refusal } = framer.push(peer.received);
  if (refusal !== undefined || framer.pendingBytes > 0) throw new Error('the server said something that is not KMIP');
  return messages.map((message) => decodeResponseMessage(message));
}

/** One answer of an open connection. */
export async function answer(peer: RawPeer): Promise<ResponseMessage> {
  const header = await peer.receive(8);
  return decodeResponseMessage(Buffer.concat([header, await peer.receive(header.readUInt32BE(4))]));
}

/** Every request vCenter sends, about one key. */
export const vcenterRequests = (key: string): readonly Buffer[] =>
  [
    vcenter.probe(),
    vcenter.queryServerInformation(),
    vcenter.createKey(),
    vcenter.getKey(key),
    vcenter.getState(key),
    vcenter.activate(key),
    vcenter.addAttributes(key, { 'x-Vendor': 'VMware, Inc.', 'x-Product': 'VMware vSphere' }),
  ].map((message) => encodeRequestMessage(message));

/** Repeatable random numbers below `limit` (mulberry32). */
export function random(seed: number): Pick {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Edges of the two's complement and of lengths; 20_001 is one item more than a message may have. */
const INTERESTING = [0, 1, 7, 8, 0x7f, 0xff, 20_001, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];

type Pick = (limit: number) => number;

/** Items start at multiples of 8: tag and type in the first four bytes, length in the next four. */
const someItem = (bytes: Buffer, pick: Pick): number => 8 * pick(Math.floor(bytes.length / 8));

const MUTATIONS: readonly ((bytes: Buffer, pick: Pick) => Buffer)[] = [
  (bytes, pick) => {
    const at = pick(bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << pick(8)), at);
    return bytes;
  },
  (bytes, pick) => {
    bytes.writeUInt8(pick(256), pick(bytes.length));
    return bytes;
  },
  (bytes, pick) => {
    bytes.writeUInt32BE(INTERESTING[pick(INTERESTING.length)] ?? 0, someItem(bytes, pick) + 4);
    return bytes;
  },
  (bytes, pick) => {
    bytes.writeUInt8(pick(16), someItem(bytes, pick) + 3);
    return bytes;
  },
  (bytes, pick) => bytes.subarray(0, 8 + pick(bytes.length - 8)),
  (bytes, pick) => {
    const at = someItem(bytes, pick);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(someItem(bytes, pick))]);
  },
];

/** One to four changes of a valid message; half of the results keep an outer length that fits, to get past framing. */
export function mutate(message: Buffer, pick: Pick): Buffer {
  let bytes: Buffer = Buffer.from(message);
  for (let changes = 1 + pick(4); changes > 0 && bytes.length > 16; changes -= 1) {
    bytes = Buffer.from(MUTATIONS[pick(MUTATIONS.length)]?.(bytes, pick) ?? bytes);
  }
  if (bytes.length >= 8 && pick(2) === 0) {
    message.copy(bytes, 0, 0, 4);
    bytes.writeUInt32BE(bytes.length - 8, 4);
  }
  return bytes;
}
