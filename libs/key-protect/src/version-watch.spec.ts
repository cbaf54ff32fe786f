import { VersionWatch } from './version-watch';

type Seen = readonly [version: string, isLeft?: boolean];

describe('VersionWatch', () => {
  it.each<[string, readonly Seen[], number]>([
    ['one version, as of a root key that was never rotated', [['1'], ['1']], 0],
    ['another version than before', [['1'], ['2'], ['2']], 1],
    ['a key under an older version, before anything else was seen', [['2', true]], 1],
    ['keys under an older version, which stay there', [['2'], ['2', true], ['2', true]], 1],
    ['answers that overtook each other', [['1'], ['2'], ['1'], ['2'], ['1', true]], 1],
    ['two rotations', [['1'], ['2'], ['2', true], ['3', true], ['3']], 2],
  ])('is told of %s', (_what, seen, times) => {
    let told = 0;
    const watch = new VersionWatch(() => (told += 1));
    for (const [version, isLeft] of seen) watch.seen(version, isLeft);
    expect(told).toBe(times);
  });
});
