import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What happens to a connection when the client sends what commits next: a COMMIT, or a statement that is one by itself. */
export type CommitFate = 'pass' | 'cut before' | 'cut after';

/** A stretch of bad network between a client and the test server, on a Unix socket of its own. */
export interface DatabaseProxy {
  /** Folder to use as `host`. */
  readonly host: string;
  /** Asked for each. */
  onCommit: () => CommitFate;
  /** While true, bytes go in and nothing comes out: neither answers nor resets. */
  blackHole: boolean;
  close(): Promise<void>;
}

const SOCKET = '.s.PGSQL.5432';
const COMMITTING = ['COMMIT\0', ...['record_served', 'open_intents', 'complete_intents'].map((name) => `\0${name}\0`)];

/** @param folder where an earlier proxy was, to come back in its place */
export async function startDatabaseProxy(targetFolder: string, folder?: string): Promise<DatabaseProxy> {
  const host = folder ?? (await mkdtemp(join(tmpdir(), 'pgproxy-')));
  await mkdir(host, { recursive: true });
  const sockets = new Set<Socket>();
  const proxy = { host, onCommit: (): CommitFate => 'pass', blackHole: false };

  const server = createServer((client) => {
    const upstream = createConnection(join(targetFolder, SOCKET));
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', cut);
      socket.on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on('data', (chunk) => {
      if (proxy.blackHole) return;
      const fate = COMMITTING.some((each) => chunk.includes(each)) ? proxy.onCommit() : 'pass';
      if (fate === 'cut before') {
        cut();
        return;
      }
      upstream.write(chunk);
      // The server has it and will carry it out; only its answer is lost.
      if (fate === 'cut after') client.destroy();
    });
    upstream.on('data', (chunk) => {
      if (!proxy.blackHole && !client.destroyed) client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(join(host, SOCKET), resolve));

  return Object.assign(proxy, {
    close: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(host, { recursive: true, force: true });
    },
  });
}
