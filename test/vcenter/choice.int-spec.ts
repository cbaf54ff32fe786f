import { type VmRow } from '../../apps/local-vcenter/src/rows';
import { type Ran, Workshop } from './support/workshop';

const TO = ['--from', 'theirs', '--to', 'ours', '--policy', 'policy-1'];

describe('what is re-keyed, and what somebody has to agree to', () => {
  let workshop: Workshop;

  beforeAll(async () => {
    workshop = await Workshop.start();
    await workshop.encrypted('theirs');
    await workshop.done('connect', '--provider', 'ours');
  });
  afterAll(() => workshop.close());

  const migrate = (...words: string[]): Promise<Ran> => workshop.kmip4v(['vcenter', 'migrate', ...TO, ...words]);
  const machines = async (): Promise<readonly VmRow[]> =>
    (await workshop.vcenter.admin<{ machines: readonly VmRow[] }>('GET', '/inventory')).machines;
  const named = async (profile: string): Promise<VmRow> => {
    const found = (await machines()).find(({ name }) => name.startsWith(`${profile}-`));
    if (found === undefined) throw new Error(`no ${profile}`);
    return found;
  };

  it('powers no VM off that nobody agreed to, and says what else can be done', async () => {
    const { name, home } = await named('backup');
    const { exit, err } = await migrate();
    expect(exit).toBe(3);
    expect(err).toContain(name);
    expect(err).toContain('KB 387897');
    expect(err).toContain('--except');
    expect(err).toContain('--accept-power-off');
    expect((await named('backup')).home).toEqual(home);
    expect((await migrate('--yes')).exit).toBe(2);
  });

  it.each([
    ['--only', 'nobody'],
    ['--except', 'vm-0'],
  ])('does nothing when %s names what is not there', async (option, name) => {
    const { exit, err } = await migrate(option, name);
    expect([exit, err.includes(`called ${name}`)]).toEqual([4, true]);
    expect((await machines()).every(({ home }) => home?.providerId !== 'ours')).toBe(true);
  });

  it.each(['--plan', '--proof'])('proves nothing of a key provider that is not there (%s)', async (look) => {
    const { exit, err } = await workshop.kmip4v(['vcenter', 'migrate', '--from', 'thiers', '--to', 'ours', look]);
    expect([exit, err.includes('no key provider thiers'), /it has .*theirs/.test(err)]).toEqual([4, true, true]);
  });

  it('wants the identifier where a name is that of two', async () => {
    const [web, desktop] = [await named('web'), await named('desktop')];
    await workshop.vcenter.vcenter.center.inventory.put(['vm', desktop.id, { ...desktop, name: web.name }]);
    const { exit, err } = await migrate('--only', web.name);
    await workshop.vcenter.vcenter.center.inventory.put(['vm', desktop.id, desktop]);
    expect([exit, err.includes(web.id), err.includes(desktop.id)]).toEqual([2, true, true]);
  });

  it('leaves out what is named, by name or identifier, and needs no agreement for it', async () => {
    const [backup, web] = [await named('backup'), await named('web')];
    const { exit, out } = await migrate('--except', backup.name, '--except', web.id);
    expect([exit, out.includes('Do not remove theirs')]).toEqual([1, true]);
    expect((await named('backup')).home?.providerId).toBe('theirs');
    expect((await named('web')).home?.providerId).toBe('theirs');
    expect((await named('desktop')).home?.providerId).toBe('ours');
  });

  it('powers it off where somebody did, and re-keys it then', async () => {
    const { exit, out } = await migrate('--accept-power-off');
    expect([exit, out.includes('failed')]).toEqual([1, true]);
    expect(await named('backup')).toMatchObject({ power: 'poweredOff', home: { providerId: 'theirs' } });
    await migrate();
    expect((await named('backup')).home?.providerId).toBe('ours');
  });
});
