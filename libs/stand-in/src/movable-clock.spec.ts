import { MovableClock } from './movable-clock';

it('runs a timer when it is moved past it, once, and never when it was cancelled', () => {
  const clock = new MovableClock();
  const ran: string[] = [];
  clock.startTimer(() => ran.push('hour'), 3_600_000);
  const cancel = clock.startTimer(() => ran.push('cancelled'), 3_600_000);
  cancel();
  clock.moveTo(1_000_000);
  expect(ran).toEqual([]);
  clock.moveTo(3_600_000);
  clock.moveTo(9_600_000);
  expect(ran).toEqual(['hour']);
});

it('is not early for having been moved back', () => {
  const clock = new MovableClock();
  const ran: string[] = [];
  const cancel = clock.startTimer(() => ran.push('minute'), 60_000);
  clock.moveTo(-60_000);
  clock.moveTo(30_000);
  expect(ran).toEqual([]);
  cancel();
});
