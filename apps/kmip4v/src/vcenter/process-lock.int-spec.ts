import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { lockFor } from './process-lock';
import { Refusal } from './refusal';

describe('a lock', () => {
  let folder: string;
  let path: string;
  const claimOf = (pid: number): string => `${path}.${pid}-${randomUUID()}`;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kmip4v-lock-'));
    path = join(folder, 'lock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is held by one at most of many that want it at once, whoever left it behind', async () => {
    let held = 0;
    let most = 0;
    let won = 0;
    const contend = async (pid: number): Promise<void> => {
      const give = await lockFor(path, 'this', { pid, isAlive: (other) => other > 1_000 }).catch((error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
        return undefined;
      });
      if (give === undefined) return;
      most = Math.max(most, ++held);
      won += 1;
      await new Promise((resolve) => setImmediate(resolve));
      held -= 1;
      await give();
    };
    for (let round = 0; round < 10; round++) {
      await writeFile(claimOf(7), '');
      await Promise.all(Array.from({ length: 8 }, (_, index) => contend(2_000 + index)));
    }
    expect(most).toBe(1);
    expect(won).toBeGreaterThan(0);
    expect(await readdir(folder)).toEqual([]);
  });

  it('says who has it, and which file to remove where that is another program', async () => {
    const claim = claimOf(process.ppid);
    await writeFile(claim, '');
    const refused = lockFor(path, 'this re-key');
    await expect(refused).rejects.toThrow(`The process ${process.ppid} works on this re-key already`);
    await expect(refused).rejects.toThrow(`remove ${claim}`);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('of this very process number was left by one before', async () => {
    await writeFile(claimOf(process.pid), '');
    const give = await lockFor(path, 'this');
    await give();
    expect(await readdir(folder)).toEqual([]);
  });
});
