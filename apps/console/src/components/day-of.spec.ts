import { dayOf } from './day-of';

it('is the same day of the calendar wherever it is read', () => {
  for (const at of ['2026-12-01T00:00:00.000Z', '2026-12-01']) {
    const day = dayOf(at);
    expect([day.getFullYear(), day.getMonth(), day.getDate(), day.getHours()]).toEqual([2026, 11, 1, 0]);
  }
});
