import { setImmediate as nextTurn } from 'node:timers/promises';

import { LoopShare } from './loop-share';

function scene(atOnce: number) {
  const share = new LoopShare(atOnce);
  const begun: string[] = [];
  /** `a1.x`: the question x of instance a1 of account a. */
  const ask = (...names: string[]): void => {
    for (const name of names) {
      const wait = share.enter({ account: name.slice(0, 1), owner: name.split('.')[0] ?? '' });
      if (wait === undefined) begun.push(name);
      else void wait.then(() => begun.push(name));
    }
  };
  return { share, begun, ask };
}

describe('LoopShare', () => {
  it('lets a few of an account on at once, and the rest in later turns of the loop, in order', async () => {
    const { begun, ask } = scene(2);
    ask('a1.1', 'a1.2', 'a1.3', 'a1.4', 'a1.5');
    expect(begun).toEqual(['a1.1', 'a1.2']);
    await nextTurn();
    expect(begun).toEqual(['a1.1', 'a1.2', 'a1.3', 'a1.4']);
    await nextTurn();
    expect(begun).toEqual(['a1.1', 'a1.2', 'a1.3', 'a1.4', 'a1.5']);
  });

  it('keeps nobody waiting for another account', () => {
    const { begun, ask } = scene(1);
    ask('a1.1', 'a1.2', 'b1.1');
    expect(begun).toEqual(['a1.1', 'b1.1']);
  });

  it('gives an account with many instances no more than one with a single one', async () => {
    const { begun, ask } = scene(2);
    for (let instance = 0; instance < 100; instance += 1) ask(`a${instance}.1`);
    expect(begun).toHaveLength(2);
    for (let turns = 0; turns < 49; turns += 1) await nextTurn();
    expect(begun).toHaveLength(100);
  });

  it('calls the instances of an account one after the other, however many questions one has', async () => {
    const { begun, ask } = scene(2);
    ask('a1.1', 'a1.2', 'a1.3', 'a1.4', 'a1.5', 'a1.6', 'a1.7');
    await nextTurn();
    ask('a2.1', 'a3.1', 'a3.2');
    for (let turns = 0; turns < 3; turns += 1) await nextTurn();
    expect(begun).toEqual(['a1.1', 'a1.2', 'a1.3', 'a1.4', 'a1.5', 'a1.6', 'a2.1', 'a3.1', 'a1.7', 'a3.2']);
  });

  it('gives who comes anew no place before those of its instance who wait', async () => {
    const { begun, ask } = scene(1);
    ask('a1.first', 'a1.second', 'a1.third');
    await nextTurn();
    ask('a1.late');
    for (let turns = 0; turns < 3; turns += 1) await nextTurn();
    expect(begun).toEqual(['a1.first', 'a1.second', 'a1.third', 'a1.late']);
  });
});
