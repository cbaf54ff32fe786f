import { randomUUID } from 'node:crypto';
import { appendFile, chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { reference } from '@lib/vi-json';

import { Acts } from './acts';
import { FakeFleet, lost } from './fake-fleet.fixture';
import { type KmipService } from '../kmip-service';
import { type Asked, Journal, type Target } from './journal';
import { MadeKeys } from './made-keys';
import { openJournal } from './open-journal';
import { runRekey, type RunOptions, type TargetReport } from './run';

const ASKED: Asked = { vcenter: 'u', provider: 'ours', mode: 'shallow', only: [], except: [] };
const WISH = { ...ASKED, run: 'p' };

/** The instance that made the keys, as far as it is asked here. */
const serviceOf = (fleet: FakeFleet): KmipService => {
  const keysWith: KmipService['keysWith'] = (attribute) =>
    Promise.resolve(
      Array.from(fleet.attributes, ([id, attributes]) => ({
        id,
        attributes,
        state: 'pre_active',
        suspended: false,
        servable: true,
      })).filter(({ attributes }) =>
        Object.entries(attributes).some(([name, value]) => `${name}=${value}` === attribute),
      ),
    );
  return { keysWith } as KmipService;
};

describe('re-keying', () => {
  let folder: string;
  let path: string;
  const journals: Journal[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kmip4v-rekey-'));
    path = join(folder, 'journal');
  });
  afterEach(async () => {
    for (const journal of journals.splice(0)) await journal.close();
    await rm(folder, { recursive: true });
  });

  const targetsOf = (fleet: FakeFleet): readonly Target[] =>
    Array.from(fleet.machines, ([id, { name }]) => ({
      kind: 'machine',
      object: reference('VirtualMachine', id),
      name,
    }));

  const begin = async (fleet: FakeFleet): Promise<Journal> => {
    const plan = { kind: 'plan', id: 'p', asked: ASKED, targets: targetsOf(fleet) } as const;
    const journal = await Journal.begin(path, plan);
    journals.push(journal);
    return journal;
  };
  const resume = async (): Promise<Journal> => {
    const journal = await Journal.resume(path);
    if (journal === undefined) throw new Error('no journal');
    journals.push(journal);
    return journal;
  };
  const run = async (
    fleet: FakeFleet,
    journal: Journal,
    options: Partial<RunOptions> = {},
  ): Promise<readonly TargetReport[]> => {
    const session = await fleet.session();
    const found = await new MadeKeys(journal, serviceOf(fleet)).toTakeUp();
    const pause = (): Promise<void> => Promise.resolve();
    return await runRekey(session, new Acts(session, WISH), journal, { wave: 5, pause, found, ...options });
  };

  const expectAllMoved = (fleet: FakeFleet): void => {
    for (const { keyId, disks, rekeyed } of fleet.machines.values()) {
      const keys = [keyId, ...disks.flatMap(({ backing }) => [backing?.keyId, backing?.parent?.keyId ?? keyId])];
      expect(new Set(keys.map((key) => `${key?.providerId?.id}/${key?.keyId}`)).size).toBe(1);
      expect(keyId.providerId?.id).toBe('ours');
      expect(rekeyed).toBe(1);
    }
  };

  it('gives home, disks and the links of their chains one new key', async () => {
    const fleet = new FakeFleet(12, 'theirs');
    const reports = await run(fleet, await begin(fleet));
    expect(reports.every(({ outcome }) => outcome === 'done')).toBe(true);
    expectAllMoved(fleet);
    expect(fleet.madeKeys).toHaveLength(12);
  });

  it('takes no more at a time than the wave', async () => {
    const fleet = new FakeFleet(12, 'theirs');
    await run(fleet, await begin(fleet), { wave: 3 });
    expect(fleet.atOnce).toBe(3);
  });

  it('takes on no more than the limit, and the rest by the next run', async () => {
    const fleet = new FakeFleet(6, 'theirs');
    const reports = await run(fleet, await begin(fleet), { limit: 4 });
    expect(reports.filter(({ outcome }) => outcome === 'open')).toHaveLength(2);
    await run(fleet, await resume());
    expectAllMoved(fleet);
  });

  it('ends with every machine moved once, wherever it is killed', async () => {
    // Each request is one place to be killed before it and one after it; until a run gets through.
    for (let place = 0, through = false; !through; place++) {
      const fleet = new FakeFleet(4, 'theirs');
      await rm(path, { force: true });
      const first = await begin(fleet);
      let left = place;
      const kill = (): void => {
        if (left-- === 0) lost();
      };
      fleet.before = kill;
      fleet.after = kill;
      through = await run(fleet, first).then(
        () => true,
        () => false,
      );
      fleet.before = fleet.after = () => undefined;
      const reports = await run(fleet, await resume());
      expect(reports.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done', 'done']);
      expectAllMoved(fleet);
      // A key whose making was not answered was taken up.
      expect(fleet.madeKeys).toHaveLength(4);
    }
  });

  it('goes on after a last line that was torn', async () => {
    const fleet = new FakeFleet(3, 'theirs');
    await run(fleet, await begin(fleet), { limit: 1 });
    await appendFile(path, '{"kind":"end","targ');
    await run(fleet, await resume());
    expectAllMoved(fleet);
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(() => lines.map((line) => JSON.parse(line) as unknown)).not.toThrow();
  });

  it('does nothing again when all is done', async () => {
    const fleet = new FakeFleet(3, 'theirs');
    await run(fleet, await begin(fleet));
    fleet.before = (name) => {
      if (name === 'ReconfigVM_Task' || name === 'GenerateKey') throw new Error('again');
    };
    expect((await run(fleet, await resume())).every(({ outcome }) => outcome === 'done')).toBe(true);
  });

  it('tries again what was busy, and tells what failed without stopping the others', async () => {
    const fleet = new FakeFleet(3, 'theirs');
    fleet.taskFaults.set('vm-0', [{ _typeName: 'TaskInProgress', faultstring: 'backup' }]);
    fleet.taskFaults.set('vm-1', [{ _typeName: 'InvalidPowerState', faultstring: 'powered on' }]);
    const reports = await run(fleet, await begin(fleet));
    expect(reports.map(({ outcome }) => outcome)).toEqual(['done', 'failed', 'done']);
    expect(reports[1]?.why).toContain('powered on (InvalidPowerState)');
    expect((await run(fleet, await resume())).map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
    expectAllMoved(fleet);
    expect(fleet.madeKeys).toHaveLength(3);
  });

  it('leaves out what was deleted meanwhile', async () => {
    const fleet = new FakeFleet(2, 'theirs');
    const journal = await begin(fleet);
    fleet.machines.delete('vm-0');
    expect((await run(fleet, journal)).map(({ outcome }) => outcome)).toEqual(['skipped', 'done']);
  });

  it('is worked on by one process, and put aside when it has ended', async () => {
    const fleet = new FakeFleet(2, 'theirs');
    const wanted = { asked: ASKED, targets: targetsOf(fleet), anew: false };
    // Of a process that is there for certain, and is not this one.
    const claim = `${path}.lock.${process.ppid}-${randomUUID()}`;
    await writeFile(claim, '');
    await expect(openJournal(path, wanted)).rejects.toThrow('already');
    await rm(claim);
    const first = await openJournal(path, wanted);
    await run(fleet, first.journal, { limit: 1 });
    await first.close();
    const second = await openJournal(path, wanted);
    expect(second.resumed).toBe(true);
    await run(fleet, second.journal);
    await second.close();
    const third = await openJournal(path, wanted);
    await third.close();
    expect([third.resumed, third.setAside]).toEqual([false, undefined]);
    expect(await readdir(folder)).toHaveLength(2);
  });

  it.each<[string, Partial<Asked>]>([
    ['of one object', { only: ['app0'] }],
    ['without one', { except: ['app0'] }],
    ['from another provider', { from: 'another' }],
    ['to another provider', { provider: 'another' }],
    ['of another depth', { mode: 'deep' }],
    ['with a policy', { profile: 'p' }],
    ['at another vCenter', { vcenter: 'another' }],
  ])('belongs to what was asked for: a re-key %s does nothing while it has not ended', async (_name, change) => {
    const fleet = new FakeFleet(2, 'theirs');
    const targets = targetsOf(fleet);
    await (await openJournal(path, { asked: ASKED, targets, anew: false })).close();
    const other = { asked: { ...ASKED, ...change }, targets: targets.slice(1), anew: false };
    const before = await readFile(path, 'utf8');
    await expect(openJournal(path, other)).rejects.toThrow(/everything, to ours, shallow; 0 of 2 are done.*Nothing/);
    expect(await readFile(path, 'utf8')).toBe(before);
    const anew = await openJournal(path, { ...other, anew: true });
    await anew.close();
    expect(anew.journal.plan.targets).toEqual(targets.slice(1));
    expect(await readFile(anew.setAside ?? '', 'utf8')).toBe(before);
  });

  it('is of the same request where names stand in another order', async () => {
    const targets = targetsOf(new FakeFleet(2, 'theirs'));
    const asked = { ...ASKED, only: ['a', 'b'] };
    await (await openJournal(path, { asked, targets, anew: false })).close();
    const again = await openJournal(path, { asked: { ...ASKED, only: ['b', 'a'] }, targets, anew: false });
    await again.close();
    expect(again.resumed).toBe(true);
  });

  it.each([
    ['is no JSON', 'what is this\n'],
    ['is of another kind', '{"kind":"wish","target":"VirtualMachine:vm-0"}\n'],
    ['lacks what it needs', '{"kind":"mark","target":"VirtualMachine:vm-0"}\n'],
  ])('refuses a journal with a line that %s', async (_name, line) => {
    await begin(new FakeFleet(2, 'theirs'));
    await appendFile(path, line);
    await appendFile(path, '{"kind":"intent","target":"VirtualMachine:vm-1"}\n');
    await expect(Journal.resume(path)).rejects.toThrow('Line 2');
  });

  it('refuses a journal that others can write: what stands in it is done', async () => {
    await begin(new FakeFleet(2, 'theirs'));
    await chmod(path, 0o666);
    await expect(Journal.resume(path)).rejects.toThrow('others can');
  });

  it('tells of keys that nothing uses', async () => {
    const fleet = new FakeFleet(2, 'theirs');
    const journal = await begin(fleet);
    fleet.after = (name) => {
      if (name === 'GenerateKey') lost();
    };
    await expect(run(fleet, journal)).rejects.toThrow('cut');
    fleet.after = () => undefined;
    // What they were made for is gone by now.
    fleet.machines.clear();
    const again = await resume();
    await run(fleet, again);
    const keys = new MadeKeys(again, serviceOf(fleet));
    expect([await keys.unused(), keys.unknown]).toEqual([fleet.madeKeys, 0]);
    await again.write({ kind: 'intent', target: 'VirtualMachine:vm-0' });
    expect(new MadeKeys(again, undefined).unknown).toBe(1);
  });

  it('never takes the place of a journal', async () => {
    const fleet = new FakeFleet(1, 'theirs');
    await begin(fleet);
    await expect(begin(fleet)).rejects.toThrow('EEXIST');
  });

  it('stops between waves when it is told to', async () => {
    const fleet = new FakeFleet(4, 'theirs');
    const stop = new AbortController();
    const onProgress = (ended: number): void => {
      if (ended === 2) stop.abort();
    };
    const reports = await run(fleet, await begin(fleet), { wave: 2, signal: stop.signal, onProgress });
    expect(reports.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'open', 'open']);
  });
});
