import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { type VmRow } from '../../apps/local-vcenter/src/rows';
import { type Ran, Workshop } from './support/workshop';

const TO = ['--from', 'theirs', '--to', 'ours', '--policy', 'policy-1', '--accept-power-off'];

describe('the journal of a re-key', () => {
  let workshop: Workshop;

  beforeAll(async () => {
    workshop = await Workshop.start();
    await workshop.encrypted('theirs');
    await workshop.done('connect', '--provider', 'ours');
  });
  afterAll(() => workshop.close());

  const migrate = (...words: string[]): Promise<Ran> => workshop.kmip4v(['vcenter', 'migrate', ...TO, ...words]);
  const moved = async (): Promise<readonly string[]> => {
    const { machines } = await workshop.vcenter.admin<{ machines: readonly VmRow[] }>('GET', '/inventory');
    return machines.filter(({ home }) => home?.providerId === 'ours').map(({ name }) => name);
  };

  it('is none of a request for something else: that one says so, and does nothing', async () => {
    const begun = await migrate('--limit', '1');
    expect(begun.out).toContain('open');
    const before = await moved();
    const { machines } = await workshop.vcenter.admin<{ machines: readonly VmRow[] }>('GET', '/inventory');
    const web = machines.find(({ name }) => name.startsWith('web-'));
    const refused = await workshop.kmip4v(['vcenter', 'rekey', '--provider', 'ours', '--only', web?.name ?? '']);
    expect(refused.exit).toBe(3);
    expect(refused.err).toContain('everything, with a key of theirs, to ours, shallow, with the policy policy-1');
    expect(refused.err).toContain('--anew');
    expect(await moved()).toEqual(before);
    const words = ['vcenter', 'rekey', '--provider', 'ours', '--only', web?.name ?? '', '--anew'];
    expect(await workshop.kmip4v(words)).toMatchObject({ exit: 0, err: expect.stringContaining('is in ') as string });
    expect(await moved()).toEqual([...before, web?.name]);
    expect(await readdir(join(workshop.folder, 'kmip4v', 'journals'))).toHaveLength(2);
  });

  it('takes a key up that was made for an object when the answer was lost', async () => {
    const effect = { kind: 'reset', when: 'after' };
    await workshop.vcenter.admin('POST', '/faults', { match: { method: 'GenerateKey' }, effect, count: 1 });
    expect((await migrate('--wave', '1')).exit).toBe(5);
    const made = workshop.tenant.keysNamed('x-kmip4v-rekey').length;
    const { out, err } = await migrate();
    expect(err).not.toContain('used by nothing');
    expect(out).toContain('done');
    const keys = workshop.tenant.keysNamed('x-kmip4v-rekey');
    const of = keys.map(({ attributes }) =>
      attributes
        .map(({ name, value }) => `${name}=${JSON.stringify(value)}`)
        .find((text) => text.startsWith('x-kmip4v-object')),
    );
    expect(made).toBeGreaterThan(0);
    expect(new Set(of).size).toBe(of.length);
  });
});
