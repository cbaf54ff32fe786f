import { type Clock, type InstanceId, toFingerprint } from '@lib/kernel';

import { ClientDirectory } from './client-directory';
import { type Invalidation, type InstancePage, type Listing, type RegionChanges } from '../ports';
import { type KmipCredential, kmipUserNameOf } from '../proof/kmip-credential';
import { type DirectoryEntry, type FormerRegistration } from '../proof/registration';

const uuid = (n: number | string): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const instance = (n: number): InstanceId => uuid(n) as InstanceId;

const one = instance(1);
const two = instance(2);

const entry = (letter: string, instanceId = one, changes: Partial<DirectoryEntry> = {}): DirectoryEntry => ({
  fingerprint: toFingerprint(letter.repeat(64)),
  certificateId: uuid(letter),
  certificateName: letter,
  notBefore: new Date(0),
  notAfter: new Date(1),
  instanceId,
  instanceEnabled: true,
  instanceState: 'installed',
  maximumKeys: 10,
  accountId: 'account',
  credentialPolicy: 'ignore',
  standing: { registeredAt: new Date(0), issued: false },
  ...changes,
});

/** Answers come when the test says so; `rows` is what the database holds at that moment of asking. */
class Source {
  rows: DirectoryEntry[] = [];
  former: FormerRegistration[] = [];
  credentials: KmipCredential[] = [];
  failing = false;
  pageSize = Infinity;
  asked: (InstanceId | undefined)[] = [];
  /** What was asked for is what has changed since; by version. */
  changed = new Map<InstanceId, string>();
  continuous = true;
  since: (string | undefined)[] = [];
  private held: (() => void)[] = [];
  hold = false;

  listing(instanceIds: readonly InstanceId[]): Promise<Listing> {
    this.asked.push(...instanceIds);
    return this.answer((instanceId) => instanceIds.includes(instanceId));
  }

  async nextListing({ after }: Pick<InstancePage, 'after'>): Promise<Listing & { readonly last?: InstanceId }> {
    this.asked.push(undefined);
    const all = [...this.rows, ...this.former, ...this.credentials].map(({ instanceId }) => instanceId);
    const ids = [...new Set(all)].sort().filter((id) => after === undefined || id > after);
    const page = ids.slice(0, this.pageSize);
    const last = ids.length > this.pageSize ? page.at(-1) : undefined;
    return { ...(await this.answer((instanceId) => page.includes(instanceId))), ...(last && { last }) };
  }

  private async answer(isNamed: (instanceId: InstanceId) => boolean): Promise<Listing> {
    const within = <T extends { instanceId: InstanceId }>(rows: readonly T[]): T[] =>
      rows.filter(({ instanceId }) => isNamed(instanceId));
    const [current, former, credentials] = [within(this.rows), within(this.former), within(this.credentials)];
    if (this.failing) throw new Error('database away');
    if (this.hold) await new Promise<void>((resolve) => this.held.push(resolve));
    return { current, former, credentials };
  }

  changes(since?: string): Promise<RegionChanges> {
    this.since.push(since);
    if (this.failing) return Promise.reject(new Error('database away'));
    const { continuous } = this;
    return Promise.resolve({ instances: new Map(this.changed), next: `after ${this.since.length}`, continuous });
  }

  letGo(): void {
    this.hold = false;
    for (const resolve of this.held.splice(0)) resolve();
  }
}

function setUp() {
  const source = new Source();
  const listeners: ((invalidation: Invalidation) => void)[] = [];
  const timers: (() => void)[] = [];
  const time = { ms: 0 };
  const clock: Clock = { now: () => new Date(time.ms), monotonicMs: () => time.ms };
  const directory = new ClientDirectory({
    source,
    bus: {
      subscribe: (listener) => {
        listeners.push(listener);
        return () => undefined;
      },
    },
    clock,
    log: () => undefined,
    schedule: (work) => {
      timers.push(work);
      return () => undefined;
    },
  });
  const removed: string[] = [];
  directory.onRemoved(({ fingerprint }) => removed.push(fingerprint.slice(0, 1)));
  const notify = (invalidation: Invalidation): void => {
    for (const listener of listeners) listener(invalidation);
  };
  const changed = (instanceId: InstanceId): void => {
    notify({ kind: 'instance', instanceId });
  };
  const knows = (letter: string): boolean => directory.lookup(toFingerprint(letter.repeat(64))) !== undefined;
  return { source, directory, removed, notify, changed, knows, time, timers };
}

describe('ClientDirectory', () => {
  it('knows what was there at the start and reads again only the instance that changed', async () => {
    const { source, directory, changed, knows, removed } = setUp();
    source.rows = [entry('a'), entry('b', two)];
    await directory.start();
    source.rows = [entry('c'), entry('d', two)];
    changed(one);
    await directory.refresh();
    expect(['a', 'b', 'c', 'd'].map(knows)).toEqual([false, true, true, false]);
    expect(source.asked).toEqual([undefined, one]);
    expect(removed).toEqual(['a']);
  });

  it('never brings back what was removed while an older answer was on its way', async () => {
    const { source, directory, changed, knows } = setUp();
    source.rows = [entry('a')];
    source.hold = true;
    const starting = directory.start();
    source.rows = [];
    changed(one);
    source.letGo();
    await starting;
    await directory.refresh();
    expect(knows('a')).toBe(false);
  });

  it.each<[string, DirectoryEntry[]]>([
    ['is removed', []],
    ['belongs to an instance that is disabled', [entry('a', one, { instanceEnabled: false })]],
    ['belongs to an instance that goes away', [entry('a', one, { instanceState: 'removing' })]],
  ])('tells that a certificate %s, once', async (_, after) => {
    const { source, directory, removed, notify } = setUp();
    source.rows = [entry('a'), entry('b')];
    await directory.start();
    source.rows = [...after, entry('b')];
    for (let round = 0; round < 2; round += 1) {
      notify({ kind: 'everything' });
      await directory.refresh();
    }
    expect(removed).toEqual(['a']);
  });

  it('has all instances that register one certificate, the oldest first, and who registered it before', async () => {
    const { source, directory, changed } = setUp();
    const standing = { registeredAt: new Date(1), issued: false };
    source.rows = [entry('a', two, { standing }), entry('a')];
    await directory.start();
    const instances = () =>
      directory.lookup(toFingerprint('a'.repeat(64)))?.current.map(({ instanceId }) => instanceId);
    expect(instances()).toEqual([one, two]);
    source.rows = [entry('a', two, { standing })];
    source.former = [entry('a')];
    changed(one);
    await directory.refresh();
    expect(instances()).toEqual([two]);
    expect(directory.lookup(toFingerprint('a'.repeat(64)))?.former).toMatchObject([{ instanceId: one }]);
    source.rows = [];
    changed(two);
    await directory.refresh();
    expect(directory.lookup(toFingerprint('a'.repeat(64)))).toBeUndefined();
  });

  it('cuts nobody off while another instance lets the certificate in', async () => {
    const { source, directory, removed, changed } = setUp();
    source.rows = [entry('a'), entry('a', two)];
    await directory.start();
    source.rows = [entry('a', two)];
    changed(one);
    await directory.refresh();
    expect(removed).toEqual([]);
    source.rows = [];
    changed(two);
    await directory.refresh();
    expect(removed).toEqual(['a']);
  });

  it('knows the passwords of a user name until they are taken back', async () => {
    const { source, directory, changed } = setUp();
    const credential = { instanceId: one, id: 'c1', passwordHmac: Buffer.alloc(32), serviceKeyVersion: 1 };
    source.credentials = [credential];
    await directory.start();
    expect(directory.credentialsOf(kmipUserNameOf(one))).toEqual([credential]);
    expect(directory.credentialsOf(kmipUserNameOf(two))).toEqual([]);
    source.credentials = [];
    changed(one);
    await directory.refresh();
    expect(directory.credentialsOf(kmipUserNameOf(one))).toEqual([]);
  });

  const many = Array.from({ length: 50 }, (_, n) => instance(n + 1));
  const numbered = (n: number, changes: Partial<DirectoryEntry> = {}): DirectoryEntry =>
    entry('a', many[n], { fingerprint: toFingerprint(String(n).padStart(64, '0')), ...changes });
  const confirm = async ({ timers, directory }: ReturnType<typeof setUp>) => {
    timers.at(-1)!();
    await directory.refresh();
    await new Promise(setImmediate);
  };

  it('finds by asking what no notice told, and reads all of the region slice by slice', async () => {
    const set = setUp();
    const { source, directory } = set;
    source.rows = many.map((_, n) => numbered(n));
    await directory.start();
    source.asked = [];
    source.rows[7] = numbered(7, { instanceEnabled: false });
    source.changed.set(many[7]!, '2');
    await confirm(set);
    expect(source.asked).toContain(many[7]);
    expect(source.asked.length).toBeLessThan(25);
    expect(directory.lookup(numbered(7).fingerprint)?.current[0]?.instanceEnabled).toBe(false);
    // Nobody says so.
    source.rows = source.rows.filter((_, n) => n === 7);
    source.changed.clear();
    for (let round = 0; round < 3; round += 1) await confirm(set);
    expect(new Set(source.asked)).toEqual(new Set(many));
    expect(directory.size).toBe(1);
  });

  it('does not read again what the database names again because an old transaction is still open', async () => {
    const set = setUp();
    const { source, directory } = set;
    source.rows = many.map((_, n) => numbered(n));
    await directory.start();
    source.changed.set(many[47]!, '2');
    await confirm(set);
    await confirm(set);
    await confirm(set);
    source.asked = [];
    await confirm(set);
    const again = source.asked.filter((each) => each === many[47]).length;
    source.changed.set(many[47]!, '3');
    source.asked = [];
    await confirm(set);
    expect([again, source.asked.includes(many[47])]).toEqual([0, true]);
  });

  it('asks again from where it stood when what has changed could not be read', async () => {
    const set = setUp();
    const { source, directory, time } = set;
    source.rows = [entry('a')];
    await directory.start();
    await confirm(set);
    const stood = source.since.length;
    source.changed.set(one, '2');
    source.rows = [];
    source.failing = true;
    time.ms = 5_000;
    await confirm(set);
    source.failing = false;
    await confirm(set);
    expect(source.since.slice(stood)).toEqual([`after ${stood}`, `after ${stood}`]);
    expect([directory.size, directory.ageMs()]).toEqual([0, 0]);
  });

  it('reads everything when notices were lost while it asked in vain', async () => {
    const set = setUp();
    const { source, directory, notify } = set;
    source.rows = many.map((_, n) => numbered(n));
    await directory.start();
    const answering = source.changes.bind(source);
    source.changes = () => {
      notify({ kind: 'everything' });
      return Promise.reject(new Error('database away'));
    };
    await confirm(set);
    source.changes = answering;
    source.rows = [];
    await confirm(set);
    expect([directory.size, directory.stale]).toEqual([0, false]);
  });

  it.each<[string, (set: ReturnType<typeof setUp>, id: InstanceId) => void]>([
    ['by notices', ({ changed }, id) => changed(id)],
    ['by asking', ({ source }, id) => source.changed.set(id, '2')],
  ])('reads all at once what changed at once, as it learns %s', async (_, change) => {
    const set = setUp();
    const { source, directory } = set;
    await directory.start();
    source.asked = [];
    for (let n = 0; n < 1_000; n += 1) change(set, instance(n));
    await confirm(set);
    await confirm(set);
    expect(source.asked).toContain(undefined);
    expect(source.asked.length).toBeLessThan(10);
  });

  it('is confirmed while many notices wait', async () => {
    const set = setUp();
    const { source, directory, changed, time, timers } = set;
    source.rows = many.map((_, n) => numbered(n));
    await directory.start();
    time.ms = 5_000;
    source.asked = [];
    const reading = source.listing.bind(source);
    source.listing = (instanceIds) => {
      if (source.asked.length === 1) timers[0]!();
      return reading(instanceIds);
    };
    const asking = source.changes.bind(source);
    const readBefore: number[] = [];
    source.changes = (since) => {
      readBefore.push(source.asked.length);
      return asking(since);
    };
    for (let n = 0; n < 400; n += 1) changed(instance(n));
    await directory.refresh();
    expect([readBefore, directory.ageMs()]).toEqual([[101], 0]);
  });

  it('reads a large region step by step, and forgets what no step has found', async () => {
    const { source, directory, notify, removed } = setUp();
    source.pageSize = 7;
    source.rows = many.map((_, n) => numbered(n));
    await directory.start();
    expect([directory.size, source.asked.length]).toEqual([50, 8]);
    source.rows = source.rows.filter((_, n) => n % 2 === 0);
    notify({ kind: 'everything' });
    await directory.refresh();
    expect([directory.size, removed.length]).toEqual([25, 25]);
  });

  it('begins a reading again that was cut in the middle, and is no fresher by it', async () => {
    const set = setUp();
    const { source, directory, time, notify } = set;
    source.pageSize = 7;
    source.rows = many.map((_, n) => numbered(n));
    await directory.start();
    time.ms = 5_000;
    const reading = source.nextListing.bind(source);
    source.nextListing = (page) => {
      source.failing = page.after !== undefined;
      return reading(page);
    };
    source.rows = source.rows.slice(0, 10);
    notify({ kind: 'everything' });
    await directory.refresh();
    expect([directory.size, directory.ageMs()]).toEqual([50, 5_000]);
    source.nextListing = reading;
    source.failing = false;
    await confirm(set);
    expect([directory.size, directory.ageMs()]).toEqual([10, 0]);
  });

  it('reads everything when the database has gone back', async () => {
    const set = setUp();
    const { source, directory } = set;
    source.rows = many.map((_, n) => numbered(n));
    await directory.start();
    source.rows = [];
    source.continuous = false;
    await confirm(set);
    expect(directory.size).toBe(0);
  });

  it('keeps what it knows while the database is away, says how old it is, and recovers by itself', async () => {
    const { source, directory, knows, time, timers } = setUp();
    expect(directory.ageMs()).toBe(Infinity);
    source.rows = [entry('a')];
    await directory.start();
    expect(directory.ageMs()).toBe(0);
    source.failing = true;
    time.ms = 5_000;
    timers[0]!();
    await directory.refresh();
    expect([knows('a'), directory.ageMs(), directory.stale]).toEqual([true, 5_000, false]);
    time.ms += 25_001;
    expect(directory.stale).toBe(true);
    source.failing = false;
    source.rows = [];
    time.ms = 10_000;
    await new Promise(setImmediate);
    timers[1]!();
    await directory.refresh();
    expect([knows('a'), directory.ageMs(), directory.stale]).toEqual([false, 0, false]);
  });

  it('starts without a database and is never fresh until one answers', async () => {
    const { source, directory } = setUp();
    source.failing = true;
    await directory.start();
    expect([directory.size, directory.stale]).toEqual([0, true]);
  });
});

describe('ClientDirectory and whoever waits for a change', () => {
  it('says what is in force once removals were told, and where it stood before it read', async () => {
    const steps: string[] = [];
    const rows = [entry('a')];
    const timers: (() => void)[] = [];
    const listeners: ((invalidation: Invalidation) => void)[] = [];
    const directory = new ClientDirectory({
      source: {
        changes: () => {
          steps.push('changes');
          return Promise.resolve({ instances: new Map(), next: 'next', continuous: true });
        },
        listing: (instanceIds) => {
          steps.push(`read ${instanceIds.join()}`);
          return Promise.resolve({ current: [...rows], former: [], credentials: [] });
        },
        nextListing: () => {
          steps.push('read all');
          return Promise.resolve({ current: [...rows], former: [], credentials: [] });
        },
      },
      bus: {
        subscribe: (listener) => {
          listeners.push(listener);
          return () => undefined;
        },
      },
      clock: { now: () => new Date(0), monotonicMs: () => 0 },
      log: () => undefined,
      schedule: (work) => {
        timers.push(work);
        return () => undefined;
      },
      reporter: {
        position: () => {
          steps.push('position');
          return Promise.resolve('here');
        },
        inForce: (position, instanceId) => {
          steps.push(`in force ${position} ${instanceId ?? 'all'}`);
          return Promise.resolve(true);
        },
      },
    });
    directory.onRemoved(() => steps.push('removed'));
    await directory.start();
    rows.pop();
    for (const listener of listeners) listener({ kind: 'instance', instanceId: one });
    await directory.refresh();
    timers[0]!();
    await directory.refresh();
    expect(steps).toEqual([
      ...['position', 'changes', 'read all', 'in force here all'],
      ...['position', `read ${one}`, 'removed', `in force here ${one}`],
      ...['position', 'changes', 'in force here all'],
    ]);
  });

  it('serves nobody by a list that it could not say it has: nobody would wait for it', async () => {
    const told = { outcome: false };
    const directory = new ClientDirectory({
      source: {
        changes: () => Promise.resolve({ instances: new Map(), next: 'next', continuous: true }),
        listing: () => Promise.resolve({ current: [entry('a')], former: [], credentials: [] }),
        nextListing: () => Promise.resolve({ current: [entry('a')], former: [], credentials: [] }),
      },
      bus: { subscribe: () => () => undefined },
      clock: { now: () => new Date(0), monotonicMs: () => 0 },
      log: () => undefined,
      schedule: () => () => undefined,
      reporter: { position: () => Promise.resolve('here'), inForce: () => Promise.resolve(told.outcome) },
    });
    await directory.start();
    expect([directory.size, directory.stale]).toEqual([1, true]);
  });
});
