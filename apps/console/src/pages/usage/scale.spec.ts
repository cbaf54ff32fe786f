import { namedOf, topOf, wholesUpTo } from './scale';

it.each([
  [[], 4],
  [[0, 0], 4],
  [[3, 10], 10],
  [[38], 40],
  [[41, 7], 50],
  [[1_000_001], 1_200_000],
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

it.each([
  [4, [0, 1, 2, 3, 4]],
  [5, [0, 1, 2, 3, 4, 5]],
  [10, [0, 2, 4, 6, 8, 10]],
  [40, [0, 10, 20, 30, 40]],
  [50, [0, 10, 20, 30, 40, 50]],
  [1_000_000, [0, 200_000, 400_000, 600_000, 800_000, 1_000_000]],
])('names whole numbers up to %d', (top, named) => {
  expect(wholesUpTo(top)).toEqual(named);
});
