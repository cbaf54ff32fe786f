import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describeWithSmallDisk, type SmallDisk, smallDisk } from '@lib/testing';

import { createKey, fetchKey } from './support/keys';
import { makeDataFolder, RunningService, until } from './support/running-service';

jest.setTimeout(240_000);

const run = promisify(execFile);

/** A cluster with room for some more of its log. */
const DISK_MEBIBYTES = 160;
/** More than the database's log has room for in the segment that it writes. */
const ATTEMPTS = 400;

describeWithSmallDisk('a data disk that fills up', () => {
  let disk: SmallDisk;
  let service: RunningService;

  beforeAll(async () => {
    disk = smallDisk(await makeDataFolder(), DISK_MEBIBYTES);
    service = await RunningService.start({ dataFolder: disk.folder, environment: { LOG_LEVEL: 'debug' } });
  });

  afterAll(async () => {
    await service.stop();
    disk.unmount();
    await rm(disk.folder, { recursive: true, force: true });
  });

  it('does not hide from the command line that its result was lost', async () => {
    const cli = join(process.cwd(), 'apps', 'kmip4v', 'bin', 'kmip4v.js');
    const command = `exec "$0" --env-file="$1" "$2" admin instance list >/dev/full`;
    await expect(run('sh', ['-c', command, process.execPath, disk.file('service.env'), cli])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('its result could not be written') as string,
    });
  });

  it('ends no process of ours, tells clients, and is served from again once there is room', async () => {
    const client = await service.kmip(0);
    const key = await createKey(client);
    const before = await fetchKey(client, key);
    // The database may have to recover; it comes back under another number.
    const ours = { ...(await service.reload()).processes, postgres: expect.any(Number) as number };

    const filler = disk.fill();
    const refusals: string[] = [];
    for (let attempt = 0; attempt < ATTEMPTS && refusals.length < 3; attempt += 1) {
      await createKey(client).catch((error: unknown) => refusals.push(String(error)));
    }
    expect(refusals).toHaveLength(3);
    for (const refusal of refusals) expect(refusal).toMatch(/key manager|catalog/);

    await rm(filler);
    await until('keys are made again', 60_000, async () => (await createKey(client).catch(() => '')) !== '');
    expect(await fetchKey(client, key)).toEqual(before);
    await client.close();
    expect((await service.reload()).processes).toMatchObject(ours);
  });
});
