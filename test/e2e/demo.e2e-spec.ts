import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { createKey, fetchKey } from './support/keys';
import { RunningService } from './support/running-service';

jest.setTimeout(180_000);

const run = promisify(execFile);
const DEMO = join(process.cwd(), 'dist', 'apps', 'launcher', 'src', 'demo.js');

describe('npm run demo', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start({ environment: { LOG_LEVEL: 'trace', LOCAL_VCENTER: 'on' } });
  });

  afterAll(async () => {
    await service.remove();
  });

  const demo = async (dataFolder = service.dataFolder): Promise<string> => {
    const { PATH = '' } = process.env;
    const env = { PATH, DATA_DIR: dataFolder, XDG_CONFIG_HOME: service.dataFolder };
    return (await run(process.execPath, [DEMO], { env })).stdout;
  };
  const STORY = [
    /Key provider \S+: Connected on ports \d+ and \d+\./,
    /web-0001 +[-0-9a-f]{36} +[-0-9a-f]{36} +Key Protect key/,
    /Host esxi-1-\d\.example\.com is rebooted/,
    /vCenter fetched [1-9]\d* keys from the service/,
    /: powered on again/,
    /archive-0004: .*EncryptionKeyRequired/,
    /Exactly one VM is locked\./,
    /archive-0004: unlocked/,
    /No VM is locked\./,
  ];

  it("tells it in vSphere's words: connected, encrypted, rebooted, rotated, one VM shredded and restored", async () => {
    const told = await demo();
    for (const line of STORY) expect(told).toMatch(line);
    const [, opened, sealed] = /(\d+) of (\d+) data keys of VMs, disks and vSAN open/.exec(told) ?? [];
    expect([Number(opened) > 20, sealed]).toEqual([true, opened]);
    expect(told).toContain('each stored key has moved to the new CRK version');
  });

  it('can be run again within the hour in which Key Protect refuses a second rotation', async () => {
    const told = await demo();
    for (const line of STORY) expect(told).toMatch(line);
    expect(told).toContain('rotated less than an hour ago');
  });

  it('says what to do when nothing runs', async () => {
    await expect(demo(join(service.dataFolder, 'nowhere'))).rejects.toMatchObject({
      stderr: expect.stringContaining('npm start') as string,
    });
  });

  it('leaves no key, token or API key in any log, in whatever form', async () => {
    const client = await service.kmip();
    const answer = await fetchKey(client, await createKey(client));
    await client.close();
    if (!('hex' in answer)) throw new Error('no key');
    const bytes = Buffer.from(answer.hex, 'hex');
    const token = await service.token('manager');
    const apiKey =
      (await readFile(join(service.dataFolder, 'demo-tenant.json'), 'utf8')).match(/"apiKey": "([^"]+)"/)?.[1] ?? '';
    expect(apiKey).not.toBe('');

    const folder = join(service.dataFolder, 'logs');
    const logs = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file))));
    expect(logs.some((log) => log.includes('operation answered'))).toBe(true);
    const secrets = [
      bytes,
      answer.hex,
      bytes.toString('base64'),
      bytes.toString('base64url'),
      token,
      apiKey,
      Buffer.from(apiKey).toString('base64'),
      (await service.reload()).vcenter?.password ?? 'no vCenter',
      'PRIVATE KEY',
    ];
    const leaks = secrets.filter((secret) => logs.some((log) => log.includes(secret)));
    expect(leaks).toHaveLength(0);
  });
});
