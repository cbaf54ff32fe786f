import { type InstanceId, toInstanceId } from '@lib/kernel';

import { DatabaseShares, type Lane, shareLimits } from './database-shares';

const tenant = (number: number): InstanceId =>
  toInstanceId(`00000000-0000-4000-8000-${String(number).padStart(12, '0')}`);
const FAR = performance.now() + 3_600_000;

function scene() {
  const shares = new DatabaseShares(shareLimits(10));
  const inside: string[] = [];
  const leaves: ((answered: boolean) => void)[] = [];
  const enter = async (who: number, lane: Lane, count = 1): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      void shares.enter(tenant(who), lane, FAR).then((leave) => {
        inside.push(`${who} ${lane}`);
        leaves.push(leave);
      });
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  /** The first that is inside leaves. */
  const leave = async (): Promise<void> => {
    inside.shift();
    leaves.shift()?.(true);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { shares, inside, enter, leave };
}

describe('DatabaseShares', () => {
  it('leave one tenant well below the pool, and room for its Gets beside its Creates', async () => {
    const { inside, enter } = scene();
    await enter(1, 'changes', 64);
    expect(inside).toEqual(['1 changes', '1 changes', '1 changes']);
    await enter(1, 'serving', 64);
    expect(inside).toHaveLength(4);
    await enter(2, 'serving', 4);
    expect(inside.filter((each) => each === '2 serving')).toHaveLength(4);
  });

  it('give an account with many instances no more than one with one, and its instances take turns', async () => {
    const { shares, inside, enter, leave } = scene();
    for (const who of [1, 2, 3]) shares.belongs(tenant(who), 'one account');
    await enter(1, 'changes', 5);
    await enter(2, 'changes', 2);
    await enter(3, 'changes');
    await enter(4, 'changes', 3);
    expect(inside).toEqual([...Array<string>(3).fill('1 changes'), ...Array<string>(3).fill('4 changes')]);
    for (let n = 0; n < 3; n += 1) await leave();
    expect(inside.slice(3)).toEqual(['1 changes', '2 changes', '3 changes']);
  });

  it('forget the account of an instance that was not heard of for longest, which then counts for itself', async () => {
    const { shares, inside, enter } = scene();
    const [told, used, forgotten] = [1, 2, 3];
    for (const who of [used, forgotten, told]) shares.belongs(tenant(who), 'one account');
    await enter(used, 'changes', 3);
    for (let who = 10; who < 10 + 9_998; who += 1) shares.belongs(tenant(who), 'another account');
    await enter(told, 'changes');
    expect(inside).toHaveLength(3);
    await enter(forgotten, 'changes');
    expect(inside.at(-1)).toBe(`${forgotten} changes`);
    shares.belongs(tenant(forgotten), 'one account');
    await enter(forgotten, 'changes');
    expect(inside).toHaveLength(4);
  });

  it('keep connections for Gets, whoever creates, searches and lists', async () => {
    const { inside, enter } = scene();
    for (let who = 1; who <= 10; who += 1) await enter(who, 'changes', 3);
    expect(inside).toHaveLength(7);
    await enter(11, 'serving', 3);
    expect(inside).toHaveLength(10);
  });

  it.each(['search', 'lists'] as const)('give %s of all tenants three connections', async (lane) => {
    const { inside, enter } = scene();
    for (let who = 1; who <= 5; who += 1) await enter(who, lane, 2);
    expect(inside).toHaveLength(3);
    await enter(6, 'changes');
    expect(inside).toHaveLength(4);
  });

  it('call the tenants one after the other, however many each has waiting, and Gets first', async () => {
    const { inside, enter, leave } = scene();
    for (const who of [1, 2, 3, 4, 5, 6, 7]) await enter(who, 'changes');
    for (const who of [7, 8, 9]) await enter(who, 'serving');
    await enter(10, 'changes', 20);
    await enter(11, 'changes');
    await enter(12, 'serving');
    expect(inside).toHaveLength(10);
    await leave();
    expect(inside.at(-1)).toBe('12 serving');
    await leave();
    await leave();
    expect(inside.slice(-2)).toEqual(['10 changes', '11 changes']);
  });

  it.each([
    ['database_share_used', true],
    ['database_unavailable', false],
  ])('say %s when the turn does not come in time and others were answered: %s', async (code, answered) => {
    const { shares, inside, enter, leave } = scene();
    await enter(1, 'search', 3);
    const leaveOther = await shares.enter(tenant(2), 'serving', FAR);
    const late = shares.enter(tenant(1), 'search', performance.now() + 20).catch((error: unknown) => error);
    leaveOther(answered);
    expect(await late).toMatchObject({ code });
    await leave();
    await enter(1, 'search');
    expect(inside).toHaveLength(3);
  });
});
