import { isMissingPart } from './new-build';

it.each([
  ['Chromium', new TypeError('Failed to fetch dynamically imported module: https://a/console/assets/usage-x.js'), true],
  ['Firefox', new TypeError('error loading dynamically imported module: https://a/console/assets/usage-x.js'), true],
  ['Safari', new TypeError('Importing a module script failed.'), true],
  ['a style sheet', new Error('Unable to preload CSS for /console/assets/usage-x.css'), true],
  ['a page that dies', new TypeError("Cannot read properties of undefined (reading 'id')"), false],
  ['no error', 'dynamically imported module', false],
])('knows of %s whether a part of the console is missing', (_what, error, missing) => {
  expect(isMissingPart(error)).toBe(missing);
});
