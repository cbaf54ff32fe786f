import { validityFault } from './validity';

const notBefore = new Date('2026-11-28T12:00:00Z');
const notAfter = new Date('2026-11-29T12:00:00Z');
const at = (text: string): ReturnType<typeof validityFault> => validityFault({ notBefore, notAfter }, new Date(text));

describe('validityFault', () => {
  it.each([
    ['2026-11-28T11:54:59.999Z', 'not_yet_valid'],
    ['2026-11-28T11:55:00Z', undefined],
    ['2026-11-28T12:00:00Z', undefined],
    ['2026-11-29T12:00:00Z', undefined],
    ['2026-11-29T12:00:00.001Z', 'expired'],
  ])('at %s is %s', (now, kind) => expect(at(now)?.kind).toBe(kind));

  it('names both clocks', () => {
    expect(at('2026-11-28T11:00:00Z')?.clocks).toBe(
      '2026-11-28T12:00:00.000Z, and the clock of this server says 2026-11-28T11:00:00.000Z',
    );
    expect(at('2026-11-30T11:00:00Z')?.clocks).toBe(
      '2026-11-29T12:00:00.000Z, and the clock of this server says 2026-11-30T11:00:00.000Z',
    );
  });
});
