import { counted } from './counted';

it.each([
  [0, '0 keys'],
  [1, '1 key'],
  [2, '2 keys'],
  [1_204, '1,204 keys'],
])('%d keys are written %s', (count, text) => {
  expect(counted(count, 'key')).toBe(text);
});

it('takes a plural that is not made with an s', () => {
  expect([1, 2].map((count) => counted(count, 'key is', 'keys are'))).toEqual(['1 key is', '2 keys are']);
});
