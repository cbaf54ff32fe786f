import { type InstanceId, type Leases } from '@lib/kernel';
import { omit } from '@lib/tenancy';
import { ManualClock } from '@lib/testing';

import { InstanceLoop, type InstanceLoopOptions } from './instance-loop';

const id = (number: number): InstanceId => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}` as InstanceId;

/** One lease for all, by its own clock. */
class OneLease implements Leases {
  holder: string | undefined;
  acquired = 0;
  acquire(_name: string, owner: string): Promise<number | undefined> {
    this.acquired += 1;
    this.holder ??= owner;
    return Promise.resolve(this.holder === owner ? 1 : undefined);
  }
  release(_name: string, owner: string): Promise<void> {
    if (this.holder === owner) this.holder = undefined;
    return Promise.resolve();
  }
}

describe('InstanceLoop', () => {
  const leases = new OneLease();
  const clock = new ManualClock();
  const visited: InstanceId[] = [];
  const logged: string[] = [];
  let instances: readonly InstanceId[];
  let unsettled: readonly InstanceId[];
  let exceptional: boolean;
  beforeEach(() => {
    unsettled = [];
    exceptional = false;
    leases.holder = undefined;
    leases.acquired = 0;
    visited.length = 0;
    logged.length = 0;
    instances = [id(1), id(2), id(3)];
  });

  const pageOf =
    (all: () => readonly InstanceId[]): InstanceLoopOptions['instances'] =>
    ({ after, limit }) =>
      Promise.resolve(
        all()
          .filter((each) => after === undefined || each > after)
          .slice(0, limit),
      );

  const noted = (instanceId: InstanceId): Promise<boolean> => {
    visited.push(instanceId);
    return Promise.resolve(false);
  };

  const loopOptions = () => ({
    name: 'duty',
    leases,
    owner: 'gateway-1',
    instances: pageOf(() => instances),
    unsettled: pageOf(() => unsettled),
    slices: pageOf(() => instances),
    isExceptional: () => exceptional,
    clock,
    everyMs: 60_000,
    visit: noted,
    log: (message: string) => void logged.push(message),
  });

  const loop = (options: Partial<InstanceLoopOptions> = {}): InstanceLoop =>
    new InstanceLoop({ ...loopOptions(), ...options });

  it('visits every instance, over page borders too, while that is called for', async () => {
    instances = Array.from({ length: 401 }, (_, index) => id(index));
    exceptional = true;
    await loop().round();
    expect(visited).toStrictEqual(instances);
  });

  it('visits those that need it in each round and the others slice by slice, nobody twice', async () => {
    instances = Array.from({ length: 401 }, (_, index) => id(index));
    unsettled = [id(7), id(300)];
    const duty = loop();
    for (let round = 0; round < 4; round += 1) {
      await duty.round();
      clock.advance(60_000);
    }
    const without =
      (...ids: number[]) =>
      (each: InstanceId) =>
        !ids.map(id).includes(each);
    expect(visited).toStrictEqual([
      ...unsettled,
      ...instances.slice(0, 200).filter(without(7)),
      ...unsettled,
      ...instances.slice(200, 400).filter(without(300)),
      ...unsettled,
      id(400),
      ...unsettled,
      ...instances.slice(0, 200).filter(without(7)),
    ]);
  });

  it('visits nobody else where rows tell of all there is to do', async () => {
    unsettled = [id(2)];
    await new InstanceLoop(omit(loopOptions(), 'slices')).round();
    expect(visited).toStrictEqual([id(2)]);
  });

  it('does not visit all of a region in each round because all of it fails', async () => {
    instances = Array.from({ length: 3_000 }, (_, index) => id(index));
    const duty = loop({
      visit: (instanceId) => {
        visited.push(instanceId);
        return Promise.reject(new Error('the key manager is down'));
      },
    });
    for (let round = 0; round < 15; round += 1) {
      await duty.round();
      clock.advance(60_000);
    }
    visited.length = 0;
    await duty.round();
    expect(visited.length).toBeLessThanOrEqual(1_200);
  });

  it('asks for those that need it over page borders', async () => {
    unsettled = Array.from({ length: 250 }, (_, index) => id(index));
    instances = unsettled;
    await loop().round();
    expect(visited).toStrictEqual(unsettled);
  });

  it('visits nobody while another gateway does it', async () => {
    leases.holder = 'gateway-2';
    await loop().round();
    expect(visited).toHaveLength(0);
  });

  it('stops in the middle of a round when it lost the lease', async () => {
    const duty = loop({
      visit: (instanceId) => {
        visited.push(instanceId);
        clock.advance(200_000);
        leases.holder = 'gateway-2';
        return Promise.resolve(false);
      },
    });
    await duty.round();
    expect(visited).toStrictEqual([id(1)]);
  });

  it('does not ask for the lease at each instance', async () => {
    instances = Array.from({ length: 50 }, (_, index) => id(index));
    await loop().round();
    expect(leases.acquired).toBe(1);
  });

  it('comes back soon to those with more to do, and to all when it is time', async () => {
    let turns = 3;
    const duty = loop({
      visit: (instanceId) => {
        visited.push(instanceId);
        return Promise.resolve(instanceId === id(2) && --turns > 0);
      },
    });
    await duty.round();
    expect(duty.hasMore).toBe(true);
    await duty.round();
    await duty.round();
    expect(visited).toStrictEqual([...instances, id(2), id(2)]);
    expect(duty.hasMore).toBe(false);
    clock.advance(60_000);
    await duty.round();
    expect(visited.slice(5)).toStrictEqual(instances);
  });

  it('goes on after an instance that failed, and after a region that did', async () => {
    await loop({
      visit: (instanceId) => {
        visited.push(instanceId);
        return Promise.reject(new Error('the key manager is down'));
      },
    }).round();
    expect(visited).toStrictEqual(instances);
    await loop({ slices: () => Promise.reject(new Error('the database is down')) }).round();
    expect(logged.at(-1)).toContain('ended early');
  });

  it.each<[string, () => Promise<'next round'>]>([
    ['failed', () => Promise.reject(new Error('the database is away'))],
    ['was hindered', () => Promise.resolve('next round')],
  ])('comes back in the next round to an instance whose visit %s, however many there are', async (_, hindered) => {
    instances = Array.from({ length: 1_000 }, (_each, index) => id(index));
    let failing = true;
    const duty = loop({
      visit: (instanceId) => {
        visited.push(instanceId);
        return instanceId === id(7) && failing ? hindered() : Promise.resolve(false);
      },
    });
    const round = async (): Promise<number> => {
      visited.length = 0;
      await duty.round();
      clock.advance(60_000);
      return visited.filter((each) => each === id(7)).length;
    };
    const times = [await round(), await round(), await round()];
    failing = false;
    expect([...times, await round(), await round()]).toEqual([1, 1, 1, 1, 0]);
  });

  it('visits an instance that changed at once, and tells why, but not while another gateway does it', async () => {
    let changed: (instanceId: InstanceId) => void = () => undefined;
    const woken: InstanceId[] = [];
    instances = [id(1)];
    const duty = loop({
      changes: {
        subscribe: (listener) => {
          changed = (instanceId) => listener({ kind: 'instance', instanceId });
          return () => (changed = () => undefined);
        },
      },
      visit: (instanceId, _signal, isWoken) => {
        if (isWoken) woken.push(instanceId);
        return noted(instanceId);
      },
    });
    duty.start();
    const visitsOf = async (times: number): Promise<void> => {
      while (visited.length < times) await new Promise(setImmediate);
    };
    changed(id(7));
    await visitsOf(2);
    changed(id(8));
    await visitsOf(3);
    // The first round comes with the first change: whoever is in it is visited as in any round.
    expect([woken, visited.slice(-1)]).toStrictEqual([[id(7), id(8)], [id(8)]]);
    await duty.stop();
    leases.holder = 'gateway-2';
    const other = loop();
    await other.round();
    other.wake(id(9));
    expect(other.hasMore).toBe(false);
    clock.advance(60_000);
    leases.holder = undefined;
    other.wake(id(9));
    expect(other.hasMore).toBe(true);
    await other.stop();
  });

  it('ends the visit under way when it is stopped, gives up the lease and begins no other', async () => {
    const duty = loop({
      everyMs: 0,
      visit: (instanceId, signal) =>
        new Promise((resolve) => {
          visited.push(instanceId);
          signal.addEventListener('abort', () => resolve(true));
        }),
    });
    duty.start();
    while (visited.length === 0) await new Promise(setImmediate);
    await duty.stop();
    expect(visited).toHaveLength(1);
    expect(leases.holder).toBeUndefined();
  });
});
