import { createDecipheriv } from 'node:crypto';

import { type SealedRow, type VmRow } from '../../apps/local-vcenter/src/rows';
import { type Ran, Workshop } from './support/workshop';

const PROVIDER = 'ours';
const POLICY = ['--policy', 'policy-1'];

describe('a re-key of one depth or the other', () => {
  let workshop: Workshop;

  beforeAll(async () => {
    workshop = await Workshop.start();
    await workshop.encrypted(PROVIDER);
  });
  afterAll(() => workshop.close());

  const rekey = (...words: string[]): Promise<Ran> =>
    workshop.kmip4v(['vcenter', 'rekey', '--provider', PROVIDER, ...words]);
  const named = async (profile: string): Promise<VmRow> => {
    const { machines } = await workshop.vcenter.admin<{ machines: readonly VmRow[] }>('GET', '/inventory');
    const found = machines.find(({ name }) => name.startsWith(`${profile}-`));
    if (found === undefined) throw new Error(`no ${profile}`);
    return found;
  };
  const sealsOf = ({ home, sealed }: VmRow): readonly SealedRow[] => [
    ...(home === undefined ? [] : [home]),
    ...Object.values(sealed),
  ];
  const keysOf = (vm: VmRow): readonly string[] => sealsOf(vm).map(({ keyId }) => keyId);
  /** What really encrypts the machine's files, as its host has it. */
  const dataKeysOf = async (vm: VmRow): Promise<readonly string[]> =>
    await Promise.all(
      sealsOf(vm).map(async (seal) => {
        const material = await workshop.vcenter.vcenter.center.hostKeys.provide(vm.host, seal);
        const unwrap = createDecipheriv('id-aes256-wrap', material.expose(), Buffer.alloc(8, 0xa6));
        return Buffer.concat([unwrap.update(seal.wrapped, 'base64'), unwrap.final()]).toString('hex');
      }),
    );

  it.each([
    ['shallow', 'keeps the data as they are under', true],
    ['deep', 'encrypts all data anew under', false],
  ])('%s %s another key', async (mode, _what, isKept) => {
    const before = await named('archive');
    const dataKeys = await dataKeysOf(before);
    expect((await rekey('--mode', mode, '--only', before.name, ...POLICY)).exit).toBe(0);
    const after = await named('archive');
    expect(keysOf(after)).toHaveLength(keysOf(before).length);
    for (const key of keysOf(before)) expect(keysOf(after)).not.toContain(key);
    expect(after.recrypts).toBe((before.recrypts ?? 0) + 1);
    const now = await dataKeysOf(after);
    expect(now.map((key) => dataKeys.includes(key))).toEqual(now.map(() => isKept));
  });

  it.each([
    ['web', POLICY, /powered off/],
    ['payroll', POLICY, /powered off|snapshot/],
    ['archive', [], /--policy/],
  ])('deep leaves %s out, says why and touches nothing', async (profile, more, why) => {
    const before = await named(profile);
    const { exit, out, err } = await rekey('--mode', 'deep', '--only', before.name, ...more, '--anew');
    expect([exit, why.test(out + err)]).toEqual([1, true]);
    expect(await named(profile)).toEqual(before);
  });
});
