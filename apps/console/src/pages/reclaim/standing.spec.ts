import { standingOf } from './standing';

const UNTIL = '2026-12-23T10:05:00.000Z';
const BEFORE = new Date('2026-12-23T10:04:59.999Z');
const aside = { state: 'active', suspended: true, quarantined_until: UNTIL } as const;
const asked = { asked_for: { at: '2026-12-01T00:00:00.000Z' } };

describe('a key that is set aside', () => {
  it('may be destroyed once its time is over and nobody asked for it', () => {
    expect(standingOf(aside, BEFORE)).toBe('waiting');
    expect(standingOf(aside, new Date(UNTIL))).toBe('ripe');
    expect(standingOf({ ...aside, ...asked }, new Date(UNTIL))).toBe('asked_for');
  });

  it('is none any more that was resumed, or is gone', () => {
    expect(standingOf({ ...aside, ...asked, suspended: false }, BEFORE)).toBe('resumed');
    expect(standingOf({ ...aside, state: 'destroyed' }, BEFORE)).toBe('destroyed');
    expect(standingOf({ ...aside, state: 'destroyed_compromised', suspended: false }, BEFORE)).toBe('destroyed');
  });
});
