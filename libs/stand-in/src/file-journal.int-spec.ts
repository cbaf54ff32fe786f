import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { itWithSmallDisk, smallDisk } from '@lib/testing';
import { FileJournal } from './file-journal';
import { RowStore, within } from './row-store';

interface Rows {
  keyRing: { instanceId: string; id: string; createdAt: string; createdBy: string };
  account: { id: string; name: string };
}

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(folder, 'journal.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function append(...batches: unknown[]): Promise<void> {
  const { journal } = await FileJournal.open(path);
  await Promise.all(batches.map((batch) => journal.append(batch)));
  await journal.close();
}

async function read(): Promise<unknown[]> {
  const { journal, batches } = await FileJournal.open(path);
  await journal.close();
  return batches;
}

it('gives back every batch in its order, readable by the owner only', async () => {
  const batches = Array.from({ length: 500 }, (_, n) => ({ n, text: 'ü\n' }));
  await append(...batches);
  expect(await read()).toEqual(batches);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('drops a last line cut at any byte, and goes on from there', async () => {
  await append({ kept: 1 });
  const sound = readFileSync(path);
  const line = Buffer.from(`${JSON.stringify({ cut: 'ü' })}\n`);
  for (let cut = 1; cut < line.length; cut++) {
    writeFileSync(path, Buffer.concat([sound, line.subarray(0, cut)]));
    await append({ next: cut });
    expect(await read()).toEqual([{ kept: 1 }, { next: cut }]);
  }
});

it('drops a damaged last line (blocks that never reached the disk)', async () => {
  await append({ kept: 1 });
  appendFileSync(path, `${'\0'.repeat(20)}\n`);
  expect(await read()).toEqual([{ kept: 1 }]);
});

it('refuses a journal damaged in the middle, and leaves it as it is', async () => {
  await append({ a: 1 }, { b: 2 });
  const damaged = `{"a":\n${readFileSync(path, 'utf8')}`;
  writeFileSync(path, damaged);
  await expect(FileJournal.open(path)).rejects.toThrow('damaged');
  expect(readFileSync(path, 'utf8')).toBe(damaged);
});

it('acknowledges nothing that is not on the disk', async () => {
  const { journal } = await FileJournal.open(path);
  await journal.close();
  await expect(journal.append({ a: 1 })).rejects.toThrow('cannot be written');
  await expect(journal.append({ b: 2 })).rejects.toThrow('cannot be written');
});

itWithSmallDisk(
  'refuses on a full disk, and once there is room again keeps everything that memory is ahead of',
  async () => {
    const disk = smallDisk(folder);
    try {
      const opened = await FileJournal.open(disk.file('journal.jsonl'));
      await opened.journal.append({ before: 1 });
      const room = disk.fill();
      const big = 'x'.repeat(2_000_000);
      await expect(opened.journal.append({ big })).rejects.toThrow('cannot be written');
      await expect(opened.journal.append({ big })).rejects.toThrow('cannot be written');
      rmSync(room);
      await opened.journal.append({ after: 1 });
      await opened.journal.close();
      const { journal, batches } = await FileJournal.open(disk.file('journal.jsonl'));
      await journal.close();
      expect(batches).toEqual([{ before: 1 }, { big }, { big }, { after: 1 }]);
    } finally {
      disk.unmount();
    }
  },
);

it('a store reads the same after compaction', async () => {
  let store = await RowStore.open<Rows>(folder);
  for (let n = 0; n < 1500; n++) {
    const id = `ring-${n % 10}`;
    await store.commit(['keyRing', within('i', id), { instanceId: 'i', id, createdAt: String(n), createdBy: 'x' }]);
  }
  await store.commit(['keyRing', within('i', 'ring-3'), null]);
  const rows = [...store.list('keyRing', 'i')];
  await store.close();
  store = await RowStore.open<Rows>(folder);
  expect([...store.list('keyRing', 'i')]).toEqual(rows);
  await store.commit(['account', 'a', { id: 'a', name: 'after' }]);
  await store.close();
  expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(2);
  store = await RowStore.open<Rows>(folder);
  expect([rows.length, [...store.list('keyRing', 'i')].length, [...store.list('account')].length]).toEqual([9, 9, 1]);
  await store.close();
});
