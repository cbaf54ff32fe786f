import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

import { Link, type LinkDirection } from './link';

/** Whatever came in so far. */
function heardBy(socket: Socket): () => string {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  return () => text;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

describe('a link', () => {
  let server: Server;
  let link: Link;
  let client: Socket;
  let peer: Socket;
  let clientHeard: () => string;
  let peerHeard: () => string;
  let judged: { readonly chunk: string; readonly direction: LinkDirection; readonly of: object }[];

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    judged = [];
    link = await Link.open({ port: 0 }, { port: (server.address() as AddressInfo).port }, (chunk, direction, of) => {
      judged.push({ chunk: chunk.toString(), direction, of });
      return 'pass';
    });
    const accepted = once(server, 'connection');
    client = createConnection({ port: link.port, host: '127.0.0.1', allowHalfOpen: true });
    [peer] = (await accepted) as [Socket];
    [clientHeard, peerHeard] = [heardBy(client), heardBy(peer)];
  });
  afterEach(async () => {
    for (const socket of [client, peer]) socket.destroy();
    await link.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('passes bytes and ends both ways', async () => {
    client.end('there');
    await once(peer, 'end');
    peer.end('back');
    await once(client, 'end');
    expect([peerHeard(), clientHeard()]).toEqual(['there', 'back']);
  });

  it('asks about each chunk, and says of which connection', async () => {
    const other = createConnection({ port: link.port, host: '127.0.0.1' });
    const [otherPeer] = (await once(server, 'connection')) as [Socket];
    client.write('a');
    await until(() => peerHeard() === 'a');
    peer.write('b');
    await until(() => clientHeard() === 'b');
    other.write('c');
    await once(otherPeer, 'data');
    expect(judged.map(({ chunk, direction }) => [chunk, direction])).toEqual([
      ['a', 'there'],
      ['b', 'back'],
      ['c', 'there'],
    ]);
    expect(judged[0]?.of).toBe(judged[1]?.of);
    expect(judged[0]?.of).not.toBe(judged[2]?.of);
    for (const socket of [other, otherPeer]) socket.destroy();
  });

  it('keeps what is sent while it is held, in one direction or both, and delivers it when it is mended', async () => {
    link.hold('there');
    client.write('a');
    peer.write('b');
    await until(() => clientHeard() === 'b');
    client.end('c');
    expect(peerHeard()).toBe('');
    link.mend();
    await once(peer, 'end');
    expect(peerHeard()).toBe('ac');
  });

  it('delivers late and in order', async () => {
    link.delayMs.there = 20;
    const startedAt = performance.now();
    client.write('a');
    await until(() => peerHeard() === 'a');
    expect(performance.now() - startedAt).toBeGreaterThan(15);
  });

  it('tears a message in the middle, and the connection with it', async () => {
    link.hurt();
    client.write('abcd');
    await Promise.all([once(peer, 'end'), once(client, 'end')]);
    expect(peerHeard()).toBe('ab');
  });

  it('resets who connected, of which the other side hears when it is mended', async () => {
    let ended = false;
    peer.on('end', () => (ended = true));
    const closed = new Promise((resolve) => client.once('close', resolve));
    link.orphan();
    await closed;
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    link.mend();
    await until(() => ended);
  });

  it('lets nobody in while it refuses', async () => {
    link.refuse();
    await once(client, 'end');
    const refused = createConnection({ port: link.port, host: '127.0.0.1' });
    refused.on('error', () => undefined);
    await new Promise((resolve) => refused.once('close', resolve));
    link.mend();
    const again = createConnection({ port: link.port, host: '127.0.0.1' });
    const [accepted] = (await once(server, 'connection')) as [Socket];
    accepted.destroy();
    again.destroy();
  });
});
