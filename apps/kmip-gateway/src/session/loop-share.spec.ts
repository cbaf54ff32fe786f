import { setImmediate as nextTurn } from 'node:timers/promises';

import { LoopShare } from './loop-share';

describe('LoopShare', () => {
  it('lets a few of an owner on at once, and the rest in later turns of the loop, in order', async () => {
    const share = new LoopShare(2);
    const begun: number[] = [];
    for (let number = 0; number < 5; number += 1) {
      const wait = share.enter('a');
      if (wait === undefined) begun.push(number);
      else void wait.then(() => begun.push(number));
    }
    expect(begun).toEqual([0, 1]);
    await nextTurn();
    expect(begun).toEqual([0, 1, 2, 3]);
    await nextTurn();
    expect(begun).toEqual([0, 1, 2, 3, 4]);
  });

  it('keeps nobody waiting for another', () => {
    const share = new LoopShare(1);
    expect(share.enter('a')).toBeUndefined();
    expect(share.enter('a')).toBeInstanceOf(Promise);
    expect(share.enter('b')).toBeUndefined();
  });

  it('gives who comes anew no place before those who wait', async () => {
    const share = new LoopShare(1);
    const begun: string[] = [];
    const ask = (name: string): void => {
      const wait = share.enter('a');
      if (wait === undefined) begun.push(name);
      else void wait.then(() => begun.push(name));
    };
    for (const name of ['first', 'second', 'third']) ask(name);
    await nextTurn();
    ask('late');
    for (let turns = 0; turns < 3; turns += 1) await nextTurn();
    expect(begun).toEqual(['first', 'second', 'third', 'late']);
  });
});
