import { readApiKey } from './api-key';
import { TenancyError } from './tenancy.error';

const KEY = 'Xq7mN2pR9sT4vW6yZ8aB1cD3eF5gH0jKlMnOpQrStUvW';

describe('readApiKey', () => {
  it.each([KEY, `${KEY}\r\n`, `\ufeff${KEY}`, `  "${KEY}" \n`, `'${KEY}'`])('takes %j', (pasted) => {
    expect(readApiKey(pasted).exposeText()).toBe(KEY);
  });

  it.each([
    ['nothing', ''],
    ['too short', KEY.slice(0, 31)],
    ['too long', 'x'.repeat(257)],
    ['two lines', `${KEY}\n${KEY}`],
    ['the file that IAM offers', JSON.stringify({ name: 'key', apikey: KEY })],
  ])('refuses %s and does not repeat it', (_name, pasted) => {
    let refusal: unknown;
    try {
      readApiKey(pasted);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(TenancyError);
    expect(refusal).toMatchObject({ code: 'invalid_api_key' });
    expect(String(refusal)).not.toContain(KEY.slice(0, 8));
  });
});
