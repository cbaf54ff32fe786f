import { type VmRow } from '../../apps/local-vcenter/src/rows';
import { Workshop } from './support/workshop';

interface Unlocked {
  readonly name: string;
  readonly causes: readonly string[];
  readonly mends: readonly string[];
  readonly outcome: string;
}

describe('machines of two key providers, neither of whose certificates is let in any more', () => {
  let workshop: Workshop;
  let unlocked: readonly Unlocked[];
  const named = (name: string): Unlocked | undefined => unlocked.find((each) => each.name.startsWith(name));

  beforeAll(async () => {
    workshop = await Workshop.start();
    await workshop.encrypted('theirs');
    await workshop.done('connect', '--provider', 'ours');
    const { machines } = await workshop.vcenter.admin<{ machines: readonly VmRow[] }>('GET', '/inventory');
    const moved = machines.find(({ name }) => name.startsWith('web-'))!;
    // The others keep it from being proven, and that is no matter here.
    await workshop.kmip4v(['vcenter', 'migrate', '--from', 'theirs', '--to', 'ours', '--only', moved.name]);
    for (const { id } of [...workshop.tenant.certificates]) {
      await workshop.tenant.api.DELETE('/v1/instances/{instance_id}/client_certificates/{id}', {
        params: { path: { instance_id: workshop.tenant.instance, id } },
      });
    }
    for (const host of new Set(machines.map((machine) => machine.host))) {
      await workshop.vcenter.admin('POST', `/hosts/${host}/reboot`);
    }
    unlocked = await workshop.done<readonly Unlocked[]>('unlock', '--yes');
  });
  afterAll(() => workshop.close());

  it('are unlocked by one run, which registers both', () => {
    expect(named('web-')?.mends).toEqual(['register the client certificate of the key provider ours']);
    expect(named('archive-')?.mends).toEqual(['register the client certificate of the key provider theirs']);
    expect([...new Set(unlocked.map(({ outcome }) => outcome))]).toEqual(['unlocked']);
  });

  it('have a cause told once, however many keys they have', () => {
    expect(named('database-')?.causes).toEqual(['the service does not let the client certificate of vCenter in']);
  });
});
