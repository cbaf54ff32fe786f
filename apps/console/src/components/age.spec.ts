import { ageOf } from './age';

const NOW = new Date('2026-11-23T10:00:00.000Z');

it.each([
  ['2026-11-23T10:00:00.000Z', 0, 'second'],
  ['2026-11-23T09:59:30.000Z', -30, 'second'],
  ['2026-11-23T09:57:00.000Z', -3, 'minute'],
  ['2026-11-22T10:30:00.000Z', -23, 'hour'],
  ['2026-11-25T09:59:59.000Z', 47, 'hour'],
  ['2026-12-23T09:59:59.000Z', 29, 'day'],
  ['2027-03-01T10:00:00.000Z', 3, 'month'],
  ['2029-11-23T16:00:00.000Z', 3, 'year'],
] as const)('%s is %d %s away', (at, count, unit) => {
  expect(ageOf(new Date(at), NOW)).toEqual({ count, unit });
});
