import { pemKindOf } from './pem';

const block = (label: string): string => `-----BEGIN ${label}-----\nMIIBozCCAUmgAwIBAgIU\n-----END ${label}-----\n`;

it.each([
  ['a certificate', block('CERTIFICATE'), 'certificate'],
  ['one with text around it', `subject=CN=a\n${block('CERTIFICATE')}\nbye`, 'certificate'],
  ['a request', block('CERTIFICATE REQUEST'), 'request'],
  ['a request of an older tool', block('NEW CERTIFICATE REQUEST'), 'request'],
  ['a chain', block('CERTIFICATE') + block('CERTIFICATE'), 'several'],
  ['a key beside it', block('CERTIFICATE') + block('RSA PRIVATE KEY'), 'private_key'],
  ['the beginning of a key', '-----BEGIN PRIVATE KEY-----\nMIG', 'private_key'],
  ['an encrypted key', block('ENCRYPTED PRIVATE KEY'), 'private_key'],
  ['half a certificate', '-----BEGIN CERTIFICATE-----\nMIIB', 'none'],
  ['nothing', '', 'none'],
  ['something else', 'hello', 'none'],
] as const)('sees %s', (_what, text, kind) => {
  expect(pemKindOf(text)).toBe(kind);
});
