import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { reference } from '@lib/vi-json';

import { Acts } from './acts';
import { FakeFleet, lost } from './fake-fleet.fixture';
import { Journal, type Target } from './journal';
import { openJournal } from './open-journal';
import { runRekey, type RunOptions, type TargetReport } from './run';

const WISH = { mode: 'shallow', provider: 'ours' } as const;

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
    const plan = { kind: 'plan', id: 'p', vcenter: 'u', ...WISH, targets: targetsOf(fleet) } as const;
    const journal = await Journal.begin(path, plan);
    journals.push(journal);
    return journal;
  };
  const resume = async (): Promise<Journal> => {
    const journal = await Journal.resume(path);
    journals.push(journal);
    return journal;
  };
  const run = async (
    fleet: FakeFleet,
    journal: Journal,
    options: Partial<RunOptions> = {},
  ): Promise<readonly TargetReport[]> => {
    const session = await fleet.session();
    const pause = (): Promise<void> => Promise.resolve();
    return await runRekey(session, new Acts(session, WISH), journal, { wave: 5, pause, ...options });
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
      // A key whose making was not answered may exist besides: at most one for each that was being made.
      expect(fleet.madeKeys.length).toBeLessThanOrEqual(5);
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
    const wanted = { vcenter: 'u', ...WISH };
    const plan = (): Promise<Journal['plan']> =>
      Promise.resolve({ kind: 'plan', id: 'p', ...wanted, targets: targetsOf(fleet) });
    // Of a process that is there for certain, and is not this one.
    await writeFile(`${path}.lock`, String(process.ppid));
    await expect(openJournal(path, wanted, plan)).rejects.toThrow('already');
    await writeFile(`${path}.lock`, '0');
    const first = await openJournal(path, wanted, plan);
    await run(fleet, first.journal, { limit: 1 });
    await first.close();
    await expect(openJournal(path, { ...wanted, provider: 'another' }, plan)).rejects.toThrow('--journal');
    const second = await openJournal(path, wanted, plan);
    expect(second.resumed).toBe(true);
    await run(fleet, second.journal);
    await second.close();
    const third = await openJournal(path, wanted, plan);
    await third.close();
    expect(third.resumed).toBe(false);
    expect(await readdir(folder)).toHaveLength(2);
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
