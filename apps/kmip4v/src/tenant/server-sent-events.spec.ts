import { type ServerSentEvent, serverSentEvents } from './server-sent-events';

async function read(text: string, size: number): Promise<readonly ServerSentEvent[]> {
  const bytes = Buffer.from(text);
  const pieces = (async function* () {
    for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
  })();
  const found: ServerSentEvent[] = [];
  for await (const event of serverSentEvents(pieces)) found.push(event);
  return found;
}

describe('server-sent events', () => {
  it.each([1, 2, 3, 7, 1_000])('are read from pieces of %d bytes', async (size) => {
    const text =
      'retry: 3000\n\nid: 1-a\n\n:\n\nid: 2-b\ndata: {"name":"Ärger 😀"}\n\ndata: one\ndata: two\n\nid: 9\ndata: cut';
    expect(await read(text, size)).toEqual([
      { id: '1-a', data: '' },
      { id: '2-b', data: '{"name":"Ärger 😀"}' },
      { id: undefined, data: 'one\ntwo' },
    ]);
  });
});
