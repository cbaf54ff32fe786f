import { execFile } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { type ViSession } from '@lib/vi-json';

import { StandInGovc } from './support/govc';
import { RunningService } from './support/running-service';
import { RunningVcenter } from './support/vcenter';

const run = promisify(execFile);
const KMIP4V = join(process.cwd(), 'apps', 'kmip4v', 'bin', 'kmip4v.js');

jest.setTimeout(180_000);

/** The scripts as somebody runs them who may run nothing else, with a stand-in for govc too. */
describe('examples/govc', () => {
  let service: RunningService;
  let vcenter: RunningVcenter;
  let session: ViSession;
  let govc: StandInGovc;
  const at = (path: string): string => join(vcenter.folder, path);

  beforeAll(async () => {
    [service, vcenter] = await Promise.all([RunningService.start(), RunningVcenter.start()]);
    await mkdir(at('bin'));
    session = await vcenter.session();
    govc = await StandInGovc.in(at('bin'), session);
    await cp('examples/govc', at('govc'), { recursive: true });
  });
  afterAll(async () => {
    await govc.close();
    await session.close();
    await Promise.allSettled([service.remove(), vcenter.remove()]);
  });

  async function script(name: string, ...words: string[]): Promise<string> {
    const PATH = `${at('bin')}${delimiter}${process.env['PATH'] ?? ''}`;
    const { stdout } = await run(at(`govc/${name}`), words, { cwd: vcenter.folder, env: { PATH } });
    return stdout;
  }
  const settings = async (sha256: string): Promise<void> => {
    const { host, ports } = service.connection.kmip;
    const servers = ports.map((port, index) => `'kmip-${index + 1} ${host} ${port} ${sha256}'`);
    await writeFile(at('govc/settings.sh'), `provider=by-govc\nservers=(${servers.join(' ')})\n`);
  };

  it('trusts no other certificate than the one that was expected', async () => {
    await settings('00:11');
    await expect(script('add-provider.sh')).rejects.toMatchObject({
      code: 3,
      stderr: /Another certificate at .*nothing/,
    });
  });

  it('ends with both servers connected, however often it is run', async () => {
    const { serverFingerprints } = service.connection.kmip;
    await settings(serverFingerprints.sha256);
    const trusted = await script('add-provider.sh');
    expect(trusted.split('vCenter trusts')).toHaveLength(3);
    expect(await script('add-provider.sh')).toBe(trusted);
    await expect(script('status.sh')).rejects.toMatchObject({ code: 1, stderr: 'Not every server is connected.\n' });
    const pair = ['make-pair', 'by-govc', '--key-out', at('vcenter.key'), '--certificate-out', at('vcenter.pem')];
    const env = { ...process.env, KMIP4V_CONNECTION: join(service.dataFolder, 'connection.json') };
    await run(process.execPath, [KMIP4V, 'certificate', ...pair], { env });
    await script('client-pair.sh', 'vcenter.pem', 'vcenter.key');
    expect(await script('default.sh')).toBe('by-govc is the default key provider.\n');
    const status = await script('status.sh', '--test-key');
    expect(status).toMatch(/^kmip-1\tgreen.*\nkmip-2\tgreen.*\n(.|\n)*kmip4v key destroy \S+ --confirm \S+\n$/);
  });

  it('lists the keys that kmip4v lists, of what govc shows', async () => {
    await vcenter.admin('POST', '/inventory/encrypt', { provider: 'by-govc' });
    const listed = (await script('inventory.sh')).trim().split('\n');
    const { stdout } = await vcenter.kmip4v(service, ['inventory', '--output', 'json']);
    const { references } = JSON.parse(stdout) as { references: { kind: string; keyId: string }[] };
    const wanted = references.filter(({ kind }) => kind !== 'first_class_disk').map(({ keyId }) => keyId);
    expect(new Set(listed.map((line) => line.split('\t')[2]))).toEqual(new Set(wanted));
    expect(new Set(listed.map((line) => line.split('\t')[0]))).toEqual(new Set(['vm', 'snapshot', 'host']));
    expect(listed.every((line) => line.endsWith('\tby-govc') && (line.split('\t')[1] ?? '') !== '')).toBe(true);
  });
});
