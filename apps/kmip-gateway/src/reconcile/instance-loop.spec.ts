import { type InstanceId, type Leases } from '@lib/kernel';
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
  beforeEach(() => {
    leases.holder = undefined;
    leases.acquired = 0;
    visited.length = 0;
    logged.length = 0;
    instances = [id(1), id(2), id(3)];
  });

  const loop = (options: Partial<InstanceLoopOptions> = {}): InstanceLoop =>
    new InstanceLoop({
      name: 'duty',
      leases,
      owner: 'gateway-1',
      region: {
        instances: ({ after, limit }) =>
          Promise.resolve(instances.filter((each) => after === undefined || each > after).slice(0, limit)),
      },
      clock,
      everyMs: 60_000,
      visit: (instanceId) => {
        visited.push(instanceId);
        return Promise.resolve(false);
      },
      log: (message) => logged.push(message),
      ...options,
    });

  it('visits every instance, over page borders too', async () => {
    instances = Array.from({ length: 401 }, (_, index) => id(index));
    await loop().round();
    expect(visited).toStrictEqual(instances);
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
    await loop({ region: { instances: () => Promise.reject(new Error('the database is down')) } }).round();
    expect(logged.at(-1)).toContain('ended early');
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
