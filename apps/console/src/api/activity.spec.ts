import { isBackground } from './activity';

it('takes a page that nobody touches for one in the background', () => {
  expect(isBackground(Date.now())).toBe(false);
  expect(isBackground(Date.now() + 31_000)).toBe(true);
});
