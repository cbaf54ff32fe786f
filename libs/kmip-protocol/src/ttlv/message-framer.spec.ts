import * as fc from 'fast-check';

import { Tag } from '../spec/tag';
import { FramingError, MessageFramer } from './message-framer';
import { hex, integer, structure } from './ttlv-bytes.fixture';

const request = structure(Tag.RequestMessage, integer(0x42000d, 1), integer(0x42000d, 2));
const short = structure(Tag.RequestMessage);

describe('MessageFramer', () => {
  it('finds a message however it is cut in two', () => {
    for (let cut = 0; cut <= request.length; cut += 1) {
      const framer = new MessageFramer();
      const messages = [
        ...framer.push(request.subarray(0, cut)).messages,
        ...framer.push(request.subarray(cut)).messages,
      ];
      expect(messages).toEqual([request]);
      expect(framer.pendingBytes).toBe(0);
    }
  });

  it('finds all messages of a stream however it is cut', () => {
    const stream = Buffer.concat([request, short, request, short, short, request]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const framer = new MessageFramer();
        const messages: Buffer[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          messages.push(...framer.push(stream.subarray(at, at + size)).messages);
          at += size;
        }
        expect(messages).toEqual([request, short, request, short, short, request]);
      }),
    );
  });

  it('tells that a message is pending', () => {
    const framer = new MessageFramer();
    expect(framer.pendingBytes).toBe(0);
    framer.push(request.subarray(0, 3));
    expect(framer.pendingBytes).toBe(3);
    framer.push(request.subarray(3, 20));
    expect(framer.pendingBytes).toBe(20);
    framer.push(request.subarray(20));
    expect(framer.pendingBytes).toBe(0);
  });

  it('gives copies, so that a reused receive buffer cannot change a message', () => {
    const chunk = Buffer.from(request);
    const { messages } = new MessageFramer().push(chunk);
    chunk.fill(0xff);
    expect(messages).toEqual([request]);
  });

  it.each([
    ['an HTTP request', Buffer.from('GET / HTTP/1.1'), 'not-kmip'],
    ['its first byte', Buffer.from('G'), 'not-kmip'],
    ['a Response Message', structure(Tag.ResponseMessage), 'not-kmip'],
    ['a message that is no structure', hex('42 00 78 02'), 'not-kmip'],
    ['a length over the limit', hex('42 00 78 01 00 10 00 01'), 'too-large'],
    ['a length of 4 GiB', hex('42 00 78 01 ff ff ff ff'), 'too-large'],
  ])('refuses %s', (_name, bytes, fault) => {
    const framer = new MessageFramer();
    const { messages, refusal } = framer.push(bytes);
    expect(messages).toEqual([]);
    expect(refusal).toBeInstanceOf(FramingError);
    expect(refusal?.fault).toBe(fault);
    expect(framer.pendingBytes).toBe(0);
  });

  it('accepts a message of exactly the limit', () => {
    const framer = new MessageFramer({ maximumMessageBytes: request.length - 8 });
    expect(framer.push(request).messages).toEqual([request]);
    const tighter = new MessageFramer({ maximumMessageBytes: request.length - 9 });
    expect(tighter.push(request).refusal?.fault).toBe('too-large');
  });

  it('gives what came before the refusal, and nothing after it', () => {
    const framer = new MessageFramer();
    const first = framer.push(Buffer.concat([request, Buffer.from('junk')]));
    expect(first.messages).toEqual([request]);
    expect(first.refusal?.fault).toBe('not-kmip');
    const second = framer.push(request);
    expect(second.messages).toEqual([]);
    expect(second.refusal).toBe(first.refusal);
  });

  it('reads responses when told so', () => {
    const response = structure(Tag.ResponseMessage, integer(0x42000d, 1));
    expect(new MessageFramer({ messageTag: Tag.ResponseMessage }).push(response).messages).toEqual([response]);
  });
});
