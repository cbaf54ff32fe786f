import { type Connection } from './connection-file';
import { demoVcenter } from './demo-vcenter';

const VCENTER = { url: 'https://127.0.0.1:8443', user: 'administrator@vsphere.local', password: 'p' };

function demo(...looks: readonly (Partial<Connection> | undefined)[]) {
  const said: string[] = [];
  let now = 0;
  let look = 0;
  const found = demoVcenter({
    look: () => Promise.resolve(looks[Math.min(look++, looks.length - 1)] as Connection | undefined),
    note: (text) => said.push(text),
    pause: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    monotonicMs: () => now,
  });
  return { found, said, waitedMs: () => now };
}

describe('the stand-in vCenter of the demo', () => {
  it('is waited for while it starts, which is said once', async () => {
    const { found, said } = demo({ starting: ['vcenter'] }, { starting: ['vcenter'] }, { vcenter: VCENTER });
    expect(await found).toEqual(VCENTER);
    expect(said).toHaveLength(1);
  });

  it.each([
    ['that serves', { vcenter: VCENTER }, VCENTER],
    ['that was switched off', {}, undefined],
    ['of no demo', undefined, undefined],
  ])('%s is not waited for', async (_which, connection, expected) => {
    const { found, said, waitedMs } = demo(connection);
    expect(await found).toEqual(expected);
    expect({ said, waited: waitedMs() }).toEqual({ said: [], waited: 0 });
  });

  it('that could not be started, or went with the demo, is waited for no longer', async () => {
    expect(await demo({ starting: ['vcenter'] }, {}).found).toBeUndefined();
    expect(await demo({ starting: ['vcenter'] }, undefined).found).toBeUndefined();
  });

  it('that does not come is told of after a minute', async () => {
    await expect(demo({ starting: ['vcenter'] }).found).rejects.toThrow('still starting');
  });
});
