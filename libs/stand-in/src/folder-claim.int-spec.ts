import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { claimFolder } from './folder-claim';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'claim-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('is taken by one at a time, by whichever path', async () => {
  const release = await claimFolder(folder);
  symlinkSync(folder, join(folder, 'other-name'));
  for (const path of [folder, join(folder, 'other-name')]) {
    await expect(claimFolder(path)).rejects.toThrow(`${path} is in use by process ${process.pid}`);
  }
  await release();
  await (
    await claimFolder(folder)
  )();
});

it('is taken by one of many that come at once', async () => {
  const claims = await Promise.allSettled(Array.from({ length: 10 }, () => claimFolder(folder)));
  const taken = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []));
  expect(taken).toHaveLength(1);
  await taken[0]?.();
});
