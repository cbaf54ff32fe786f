import {
  isAtLeast,
  isSameVersion,
  KNOWN_VERSIONS,
  V1_0,
  V1_2,
  V1_4,
  V2_0,
  versionOf,
  versionOrdinal,
  versionText,
} from './protocol-version';

describe('a protocol version', () => {
  it('that is known is one object, so that no header costs one', () => {
    for (const known of KNOWN_VERSIONS) expect(versionOf(known.major, known.minor)).toBe(known);
    expect(versionOf(1, 2)).toBe(V1_2);
  });

  it.each([
    [1, 5],
    [1, -1],
    [-1, 0],
    [3, 0],
  ])('%i.%i, which is not known, is what it says', (major, minor) =>
    expect(versionOf(major, minor)).toEqual({ major, minor }),
  );

  it('has what came with itself or before, across major versions', () => {
    expect(isAtLeast(V1_2, V1_2)).toBe(true);
    expect(isAtLeast(V1_4, V1_2)).toBe(true);
    expect(isAtLeast(V1_0, V1_2)).toBe(false);
    expect(isAtLeast(V2_0, V1_4)).toBe(true);
    expect(isAtLeast(V1_4, V2_0)).toBe(false);
    expect(isAtLeast(versionOf(1, 5), V1_4)).toBe(true);
  });

  it('is ordered by its integer as by its parts', () => {
    const ordinals = KNOWN_VERSIONS.map(versionOrdinal);
    expect([...ordinals].sort((one, other) => one - other)).toEqual(ordinals);
  });

  it('is compared by value, and printed as everybody writes it', () => {
    expect(isSameVersion(versionOf(1, 5), { major: 1, minor: 5 })).toBe(true);
    expect(isSameVersion(V1_0, V2_0)).toBe(false);
    expect(versionText(V1_4)).toBe('1.4');
  });
});
