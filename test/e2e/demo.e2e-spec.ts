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
    service = await RunningService.start({ environment: { LOG_LEVEL: 'trace' } });
  });

  afterAll(async () => {
    await service.remove();
  });

  it('shows keys with their owners, a rotation, and one shredded VM', async () => {
    const { stdout } = await run(process.execPath, [DEMO], { env: { DATA_DIR: service.dataFolder } });
    expect(stdout).toContain('Virtual Machine payroll-01');
    expect(stdout).toContain('ESXi Server esxi-01.example.com');
    expect(stdout).toContain('the same keys');
    expect(stdout).toContain('Exactly one VM has lost its key.');
  });

  it('can be run again within the hour in which Key Protect refuses a second rotation', async () => {
    const { stdout } = await run(process.execPath, [DEMO], { env: { DATA_DIR: service.dataFolder } });
    expect(stdout).toContain('Exactly one VM has lost its key.');
  });

  it('says what to do when nothing runs', async () => {
    await expect(
      run(process.execPath, [DEMO], { env: { DATA_DIR: join(service.dataFolder, 'nowhere') } }),
    ).rejects.toMatchObject({
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
      'PRIVATE KEY',
    ];
    const leaks = secrets.filter((secret) => logs.some((log) => log.includes(secret)));
    expect(leaks).toHaveLength(0);
  });
});
