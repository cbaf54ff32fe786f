import { parseWebhookUrl } from './webhook-url';

describe('parseWebhookUrl', () => {
  it.each([
    'https://hooks.example.com/kmip?team=a',
    'https://hooks.example.com:8443/',
    'https://104.16.0.1/',
    'https://[2606:4700::1111]/',
  ])('takes %s', (text) => {
    expect(parseWebhookUrl(text)).toBeInstanceOf(URL);
  });

  it.each([
    ...['http://hooks.example.com/', 'ftp://hooks.example.com/', 'file:///etc/passwd', 'hooks.example.com', ''],
    ...['https://user@hooks.example.com/', 'https://a:p@hooks.example.com/', 'https://hooks.example.com/#x'],
    ...[
      'https://localhost/',
      'https://localhost./',
      'https://a.localhost/',
      'https://postgres/',
      'https://db.internal/',
    ],
    ...['https://127.0.0.1/', 'https://127.1/', 'https://2130706433/', 'https://0x7f000001/', 'https://0177.0.0.1/'],
    ...['https://[::1]/', 'https://[::ffff:127.0.0.1]/', 'https://[fe80::1]/', 'https://[fd00::1]/'],
    ...['https://169.254.169.254/latest/meta-data', 'https://10.0.0.1/', 'https://166.9.1.1/', 'https://0/'],
    ...[
      'https://hooks.example.com:22/',
      'https://hooks.example.com:80/',
      `https://hooks.example.com/${'a'.repeat(1_024)}`,
    ],
  ])('refuses %s', (text) => {
    expect(typeof parseWebhookUrl(text)).toBe('string');
  });
});
