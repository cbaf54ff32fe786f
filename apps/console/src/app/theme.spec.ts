import { themeOf } from './theme';

it.each([
  ['system', false, 'g10'],
  ['system', true, 'g100'],
  ['light', true, 'g10'],
  ['dark', false, 'g100'],
] as const)('the theme is, where %s was chosen and dark is %s, %s', (choice, systemIsDark, theme) => {
  expect(themeOf(choice, systemIsDark)).toBe(theme);
});
