import { namedOf, topOf } from './scale';

it.each([
  [[], 4],
  [[0, 0], 4],
  [[3, 10], 10],
])('ends the axis of %j at %d', (values, top) => {
  expect(topOf(values)).toBe(top);
});

it.each([
  [1, [1]],
  [2, [1, 2]],
  [6, [1, 2, 3, 4, 5, 6]],
  [30, [5, 10, 15, 20, 25, 30]],
])('names the last of %d days, and some before it', (count, named) => {
  const days = Array.from({ length: count }, (_, index) => new Date(2026, 10, index + 1));
  expect(namedOf(days).map((day) => day.getDate())).toEqual(named);
});
