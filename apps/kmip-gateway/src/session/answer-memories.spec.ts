import { AnswerMemories } from './answer-memories';

const LARGE = 100_000;

describe('AnswerMemories', () => {
  it('gives one owner its share, and what was released again', () => {
    const memories = new AnswerMemories(2 * LARGE);
    const [first, second, third] = ['a', 'a', 'a'].map((owner) => memories.account(owner));
    expect([first?.hold(LARGE), second?.hold(LARGE), third?.hold(LARGE)]).toEqual([true, true, false]);
    first?.release();
    expect(third?.hold(LARGE)).toBe(true);
    for (const account of [first, second, third]) account?.release();
    expect(memories.held).toBe(0);
  });

  it('leaves the share of one owner alone when another has used up its own', () => {
    const memories = new AnswerMemories(LARGE);
    expect(memories.account('a').hold(LARGE)).toBe(true);
    expect(memories.account('a').hold(LARGE)).toBe(false);
    expect(memories.account('b').hold(LARGE)).toBe(true);
  });

  it('holds no more than all may hold together', () => {
    const memories = new AnswerMemories(LARGE, LARGE);
    expect(memories.account('a').hold(LARGE)).toBe(true);
    expect(memories.account('b').hold(LARGE)).toBe(false);
  });

  it('does not count a small answer, and counts one that grows once', () => {
    const memories = new AnswerMemories(2 * LARGE);
    const growing = memories.account('a');
    expect([1_000, LARGE, 2 * LARGE].map((bytes) => growing.hold(bytes))).toEqual([true, true, true]);
    expect(memories.held).toBe(2 * LARGE);
    expect(memories.account('a').hold(1_000)).toBe(true);
    expect(growing.hold(2 * LARGE + 1)).toBe(false);
    growing.release();
    expect(memories.held).toBe(0);
  });
});
