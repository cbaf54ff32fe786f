import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type ChunkFate, Link, type LinkDirection } from '../links/link';

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
const FATES: Readonly<Record<CommitFate, ChunkFate>> = { pass: 'pass', 'cut before': 'cut', 'cut after': 'last' };

/** @param folder where an earlier proxy was, to come back in its place */
export async function startDatabaseProxy(targetFolder: string, folder?: string): Promise<DatabaseProxy> {
  const host = folder ?? (await mkdtemp(join(tmpdir(), 'pgproxy-')));
  await mkdir(host, { recursive: true });
  const proxy = { host, onCommit: (): CommitFate => 'pass', blackHole: false };
  const judge = (chunk: Buffer, direction: LinkDirection): ChunkFate => {
    if (proxy.blackHole) return 'lose';
    const commits = direction === 'there' && COMMITTING.some((each) => chunk.includes(each));
    return commits ? FATES[proxy.onCommit()] : 'pass';
  };
  const link = await Link.open({ path: join(host, SOCKET) }, { path: join(targetFolder, SOCKET) }, judge);
  return Object.assign(proxy, {
    close: async (): Promise<void> => {
      await link.close();
      await rm(host, { recursive: true, force: true });
    },
  });
}
