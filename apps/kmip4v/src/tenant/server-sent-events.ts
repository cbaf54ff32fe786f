/** One message of a stream of server-sent events. */
export interface ServerSentEvent {
  readonly id: string | undefined;
  /** Empty where only the identifier moved on. */
  readonly data: string;
}

/** Reads a stream of server-sent events, wherever its pieces are cut (WHATWG HTML, 9.2.6). */
export async function* serverSentEvents(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let unread = '';
  for await (const piece of pieces) {
    unread += decoder.decode(piece, { stream: true }).replaceAll('\r\n', '\n');
    const blocks = unread.split('\n\n');
    unread = blocks.pop() ?? '';
    yield* blocks.map(messageOf).filter(({ id, data }) => id !== undefined || data !== '');
  }
}

function messageOf(block: string): ServerSentEvent {
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === 'id') id = value;
    if (field === 'data') data.push(value);
  }
  return { id, data: data.join('\n') };
}
