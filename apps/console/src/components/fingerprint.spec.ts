import { withColons } from './fingerprint';

it('writes a fingerprint as vCenter does', () => {
  expect(withColons('5285a4')).toBe('52:85:A4');
  expect(withColons('')).toBe('');
});
