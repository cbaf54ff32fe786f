import { anInstance } from '@lib/testing';

import { needsSecondPerson, withEnabled, withOptions } from './instance';

const HOUR_MS = 3_600_000;
const NOW = new Date('2026-11-30T12:00:00.000Z');
const later = (hours: number): Date => new Date(NOW.getTime() + hours * HOUR_MS);

describe('a second person to destroy', () => {
  const on = withOptions(anInstance(), { secondPersonToDestroy: true }, NOW);
  const off = withOptions(on, { secondPersonToDestroy: false }, NOW);

  it('is demanded from the moment on in which it is asked for', () => {
    expect(needsSecondPerson(anInstance(), NOW)).toBe(false);
    expect(needsSecondPerson(on, NOW)).toBe(true);
  });

  it.each([
    [0, true],
    [23.9, true],
    [24, false],
  ])('is demanded still %d hours after it was turned off: %s', (hours, demanded) => {
    expect(needsSecondPerson(off, later(hours))).toBe(demanded);
  });

  it('is not ended sooner by turning it off again, or later by another option', () => {
    const again = withOptions(off, { secondPersonToDestroy: false }, later(1));
    expect(again.secondPersonUntil).toEqual(off.secondPersonUntil);
    expect(withOptions(off, { purgeDestroyedKeys: true }, later(1)).secondPersonUntil).toEqual(off.secondPersonUntil);
    expect(withOptions(off, { secondPersonToDestroy: true }, later(1))).not.toHaveProperty('secondPersonUntil');
  });

  it('is demanded for a day in which somebody can turn it on again, however long the instance was disabled', () => {
    const disabled = withEnabled(off, false, later(1));
    expect(needsSecondPerson(disabled, later(200))).toBe(true);
    const twice = withEnabled(disabled, false, later(30));
    const enabled = withEnabled(twice, true, later(200));
    expect(needsSecondPerson(enabled, later(223.9))).toBe(true);
    expect(needsSecondPerson(enabled, later(224))).toBe(false);
    expect(withEnabled(enabled, true, later(210)).secondPersonUntil).toEqual(enabled.secondPersonUntil);
  });

  it('is demanded no more after a day that had passed when the instance was disabled', () => {
    const disabled = withEnabled(off, false, later(24));
    expect(needsSecondPerson(disabled, later(25))).toBe(false);
    expect(needsSecondPerson(withEnabled(disabled, true, later(26)), later(27))).toBe(false);
    expect(needsSecondPerson(withEnabled(on, false, later(1)), later(2))).toBe(true);
  });
});
