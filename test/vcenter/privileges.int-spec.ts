import { type HostRow, type VmRow } from '../../apps/local-vcenter/src/rows';
import { EVERY_PRIVILEGE } from '../../apps/local-vcenter/src/users';
import { PASSWORD } from '../../apps/local-vcenter/test/test-vcenter';
import { type Ran, Workshop } from './support/workshop';

const LIMITED = 'limited@vsphere.local';
const TO = ['--policy', 'policy-1', '--accept-power-off', '--anew'];

/** vSphere puts them into every role. */
const READING = ['System.Anonymous', 'System.View', 'System.Read'];

type Kind = 'machine' | 'locked' | 'host' | 'datastore' | 'cluster';

interface Command {
  readonly words: readonly string[];
  /** Asked for at the vCenter itself. */
  readonly needs: readonly string[];
  /** Asked for at one object, of a kind; what the sentence calls it. */
  readonly at: readonly (readonly [privilege: string, kind: Kind])[];
  /** How it ends where nothing is missing. */
  readonly exit: number;
}

const KEYS = ['Cryptographer.ManageKeyServers', 'Cryptographer.ManageKeys'];
const RECRYPT = [
  ['Cryptographer.Recrypt', 'machine'],
  ['Cryptographer.RegisterHost', 'host'],
  ['Datastore.FileManagement', 'datastore'],
  ['Host.Inventory.EditCluster', 'cluster'],
] as const;

const COMMANDS: Readonly<Record<string, Command>> = {
  connect: { words: ['--provider', 'denied'], needs: KEYS, at: [], exit: 0 },
  // The certificates of the test's endpoints end today.
  status: { words: ['--provider', 'ours'], needs: ['Cryptographer.ManageKeyServers'], at: [], exit: 1 },
  renew: { words: ['--provider', 'ours', '--now'], needs: KEYS, at: [], exit: 0 },
  inventory: { words: [], needs: KEYS, at: [], exit: 0 },
  rekey: { words: ['--provider', 'ours', ...TO], needs: KEYS, at: RECRYPT, exit: 1 },
  // A locked VM cannot be re-keyed, so there is no proof.
  migrate: { words: ['--from', 'theirs', '--to', 'ours', ...TO], needs: KEYS, at: RECRYPT, exit: 1 },
  unlock: { words: ['--yes'], needs: KEYS, at: [['Cryptographer.RegisterVM', 'locked']], exit: 0 },
};

describe('privileges, missing one by one', () => {
  let workshop: Workshop;
  let objects: Readonly<Record<Kind, { readonly id: string; readonly name: string }>>;

  beforeAll(async () => {
    workshop = await Workshop.start();
    await workshop.encrypted('theirs');
    await workshop.done('connect', '--provider', 'ours');
    const { machines, hosts } = await workshop.vcenter.admin<{ machines: readonly VmRow[]; hosts: readonly HostRow[] }>(
      'GET',
      '/inventory',
    );
    const named = (profile: string): VmRow => machines.find(({ name }) => name.startsWith(`${profile}-`))!;
    const [machine, locked] = [named('web'), named('desktop')];
    objects = {
      machine,
      locked,
      host: hosts.find(({ id }) => id === machine.host)!,
      datastore: { id: 'datastore-50', name: '' },
      cluster: { id: 'domain-c11', name: 'cluster-2' },
    };
    await workshop.lock(locked);
  });
  afterAll(() => workshop.close());

  const run = async (command: string, without: readonly string[], more: readonly string[] = []): Promise<Ran> => {
    await workshop.vcenter.admin('PUT', `/users/${LIMITED}`, { password: PASSWORD, without });
    return await workshop.kmip4v(['vcenter', command, ...(COMMANDS[command]?.words ?? []), ...more], { user: LIMITED });
  };

  const atRoot = Object.entries(COMMANDS).flatMap(([command, { needs }]) =>
    needs.map((privilege) => [command, privilege] as const),
  );
  it.each(atRoot)('%s names %s where it is missing at the vCenter, and changes nothing', async (command, privilege) => {
    const before = workshop.snapshot();
    const { exit, err } = await run(command, [privilege]);
    expect(exit).toBe(3);
    expect(err).toContain(`limited lacks ${privilege} on the vCenter`);
    expect(workshop.snapshot()).toEqual(before);
  });

  const onObject = Object.entries(COMMANDS).flatMap(([command, { at }]) =>
    at.map(([privilege, kind]) => [command, privilege, kind] as const),
  );
  it.each(onObject)('%s names %s where one %s lacks it, and changes nothing', async (command, privilege, kind) => {
    const { id, name } = objects[kind];
    const before = workshop.snapshot();
    const { exit, err } = await run(command, [`${privilege}@${id}`]);
    expect(exit).toBe(3);
    expect(err).toContain(privilege);
    expect(err).toContain(id);
    expect(err).toContain(name);
    expect(workshop.snapshot()).toEqual(before);
  });

  it('what one may not read was not looked at, by name', async () => {
    const { id, name } = objects.machine;
    const seen = await run('inventory', [`System.Read@${id}`]);
    expect([seen.exit, seen.out.includes(`VM ${id}`), seen.out.includes('System.Read')]).toEqual([0, true, true]);
    const proof = await run('migrate', [`System.Read@${id}`], ['--proof']);
    expect([proof.exit, proof.out.includes(`VM ${id}`), proof.out.includes(name)]).toEqual([1, true, false]);
    const unlocked = await run('unlock', [`System.Read@${id}`], ['--dry-run']);
    expect(unlocked.err).toContain(`Not looked at: VM ${id}`);
  });

  it.each(Object.entries(COMMANDS))('%s needs no other', async (command, { needs, at, exit }) => {
    const needed = new Set([...needs, ...at.map(([privilege]) => privilege), ...READING]);
    const ran = await run(
      command,
      EVERY_PRIVILEGE.filter((privilege) => !needed.has(privilege)),
    );
    expect({ exit: ran.exit, text: ran.err + ran.out }).toEqual({
      exit,
      text: expect.not.stringMatching(/NoPermission|lacks/) as string,
    });
  });
});
