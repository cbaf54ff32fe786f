import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { guide, type Page } from '../support/guide';
import { HANDS, SCENES } from './support/by-hand';
import { Desk } from './support/desk';
import { StandInGovc } from './support/govc';
import { RunningService } from './support/running-service';
import { Typist } from './support/typist';

const execute = promisify(execFile);

/** Tells the service what is in use, which it is told while it knows of no other vCenter. */
const ALONE_FIRST = 'rekey.md';
/** Gives the service another server certificate. */
const ALONE_LAST = 'certificates.md';
const AT_A_TIME = 2;

/** One service, a vCenter for each page, and a shell in which somebody types what is written. */
describe('what is written for VMware administrators', () => {
  const pages = guide('en');
  const faults = new Map<string, unknown>();
  let service: RunningService;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vmware-pages-'));
    // The package that tenants install is this one file.
    [service] = await Promise.all([
      RunningService.start(),
      execute(process.execPath, ['scripts/bundle-kmip4v.mjs', program()]),
    ]);
    const of = (name: string): readonly Page[] => pages.filter((page) => page.name === name);
    await followAll(of(ALONE_FIRST));
    await followAll(pages.filter(({ name }) => name !== ALONE_FIRST && name !== ALONE_LAST));
  }, 400_000);
  afterAll(async () => {
    await service.remove();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const program = (): string => join(folder, 'kmip4v.js');

  async function followAll(some: readonly Page[]): Promise<void> {
    const left = [...some];
    const follower = async (): Promise<void> => {
      for (let page = left.shift(); page !== undefined; page = left.shift()) {
        const { name } = page;
        await follow(page).catch((error: unknown) => faults.set(name, error));
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, follower));
  }

  async function follow(page: Page): Promise<void> {
    const desk = await deskFor(page.name);
    const typist = await Typist.at(desk, program());
    try {
      for (const step of page.steps) {
        if (step.kind === 'commands') await typist.type(step);
        else if (step.kind === 'shown') typist.compare(step.text);
        else await (step.kind === 'by hand' ? HANDS : SCENES)[step.text]?.(desk);
      }
    } finally {
      typist.close();
      await desk.close();
    }
  }

  async function deskFor(name: string): Promise<Desk> {
    const own = join(folder, name);
    await mkdir(own);
    return await Desk.at(service, own, `-${pages.findIndex((page) => page.name === name)}`);
  }

  describe('examples/govc', () => {
    let desk: Desk;
    let govc: StandInGovc;

    beforeAll(async () => {
      desk = await deskFor('examples');
      govc = await StandInGovc.in(desk.folder, desk.session);
      await cp('examples/govc', join(desk.folder, 'scripts'), { recursive: true });
    });
    afterAll(async () => {
      await govc.close();
      await desk.close();
    });

    async function script(name: string, ...words: string[]): Promise<string> {
      const env = { PATH: pathOf(desk.folder) };
      return (await execute(join(desk.folder, 'scripts', name), words, { cwd: desk.folder, env })).stdout;
    }
    async function settings(sha256: string): Promise<void> {
      const { host, ports } = service.connection.kmip;
      const servers = ports.map((port, index) => `'kmip-${index + 1} ${host} ${port} ${sha256}'`);
      await desk.write('scripts/settings.sh', `provider=by-govc\nservers=(${servers.join(' ')})\n`);
    }

    it('trusts no other certificate than the one that was expected', async () => {
      await settings('00:11');
      const refused = { code: 3, stderr: expect.stringContaining('nothing was trusted') as string };
      await expect(script('add-provider.sh')).rejects.toMatchObject(refused);
    });

    it('ends with both servers connected, however often it is run', async () => {
      // As `kmip4v instance show` has it; with colons it is the same.
      await settings(service.connection.kmip.serverFingerprints.sha256.replaceAll(':', '').toLowerCase());
      const trusted = await script('add-provider.sh');
      expect(trusted.split('vCenter trusts')).toHaveLength(3);
      expect(await script('add-provider.sh')).toBe(trusted);
      await desk.presentNew('by-govc');
      await expect(script('status.sh')).rejects.toMatchObject({ code: 1, stderr: 'Not every server is connected.\n' });
      const pair = await desk.pair('by-govc');
      await desk.write('vcenter.pem', pair.certificate);
      await desk.write('vcenter.key', pair.privateKey);
      await script('client-pair.sh', 'vcenter.pem', 'vcenter.key');
      expect(await script('default.sh')).toBe('by-govc is the default key provider.\n');
      const status = await script('status.sh', '--test-key');
      expect(status).toMatch(
        /^kmip-1\tgreen.*\nkmip-2\tgreen.*\n(.|\n)*kmip4v key destroy \S+ --revoke --confirm \S+\n$/,
      );
    });

    it('says what vSAN has, as a file that kmip4v reads', async () => {
      await desk.vcenter.admin('POST', '/inventory/encrypt', { provider: 'by-govc' });
      await script('vsan.sh');
      const written = JSON.parse(await desk.read('vsan.json')) as Record<string, unknown>[];
      const shown = [...desk.vcenter.vcenter.center.store.list('cluster')].map(({ name, vsanEncryption: has }) =>
        has === undefined
          ? { cluster: name, encrypted: false }
          : { cluster: name, encrypted: true, provider: has.providerId, kekId: has.kekId, hostKeyId: has.hostKeyId },
      );
      const byName = (one: Record<string, unknown>, other: Record<string, unknown>): number =>
        String(one['cluster']).localeCompare(String(other['cluster']));
      expect(written.toSorted(byName)).toEqual(shown.toSorted(byName));
      expect(new Set(written.map(({ encrypted }) => encrypted))).toContain(true);
      const refuse = { kind: 'fault', fault: 'NotSupported', message: 'The operation is not supported on the object.' };
      await desk.vcenter.admin('POST', '/faults', { match: { method: 'VsanClusterGetConfig' }, effect: refuse });
      const typist = await Typist.at(desk, program());
      const told = await typist.json<{ references: { kind: string; keyId: string }[] }>(
        'vcenter inventory --vsan vsan.json',
      );
      typist.close();
      await desk.vcenter.admin('DELETE', '/faults');
      const keys = told.references.filter(({ kind }) => kind === 'vsan').map(({ keyId }) => keyId);
      expect(new Set(keys)).toEqual(
        new Set(written.flatMap(({ kekId, hostKeyId }) => [kekId, hostKeyId]).filter(Boolean)),
      );
    });

    it('lists the keys that kmip4v lists, of what govc shows', async () => {
      const listed = (await script('inventory.sh')).trim().split('\n');
      const typist = await Typist.at(desk, program());
      const { references } = await typist.json<{ references: { kind: string; keyId: string }[] }>('vcenter inventory');
      typist.close();
      const seen = references.filter(({ kind }) => kind !== 'first_class_disk' && kind !== 'vsan');
      const wanted = seen.map(({ keyId }) => keyId);
      expect(new Set(listed.map((line) => line.split('\t')[2]))).toEqual(new Set(wanted));
      expect(new Set(listed.map((line) => line.split('\t')[0]))).toEqual(new Set(['vm', 'snapshot', 'host']));
      expect(listed.every((line) => line.endsWith('\tby-govc') && (line.split('\t')[1] ?? '') !== '')).toBe(true);
    });
  });

  describe('docs/vmware', () => {
    beforeAll(() => followAll(pages.filter(({ name }) => name === ALONE_LAST)), 200_000);

    it.each(pages.map(({ name }) => name))('%s does what it says', (name) => {
      if (faults.has(name)) throw faults.get(name);
    });

    it('leaves nothing undone that a page says, and no hand idle', () => {
      const marked = pages.flatMap(({ steps }) => steps).filter(({ kind }) => kind === 'by hand' || kind === 'given');
      expect(new Set(marked.map(({ text }) => text))).toEqual(new Set([...Object.keys(HANDS), ...Object.keys(SCENES)]));
    });
  });
});

const pathOf = (folder: string): string => `${folder}${delimiter}${process.env['PATH'] ?? ''}`;
