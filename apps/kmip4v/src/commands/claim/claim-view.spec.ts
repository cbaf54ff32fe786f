import { claimAnswer } from './claim-view';

const CLAIM = {
  id: 'b34f2d29-25ff-40ac-8762-78bad7e3eea9',
  href: 'https://kmip.example.com/v1/instances/i/certificate_claims/b34f2d29-25ff-40ac-8762-78bad7e3eea9',
  kind: 'fingerprint' as const,
  value: '52'.repeat(32),
  refused_connections: 3,
  message: '3 refused connections with this certificate; read the connection attempts.',
  refusals: [],
  created_at: '2026-11-23T10:05:00.000Z',
  etag: 'md9weho39cn2302nmd9weho39cn2302n',
};
const screen = { width: Infinity, paint: (text: string) => text };

describe('a certificate claim', () => {
  it('is shown with why the connections that it fits were refused, and what to do', () => {
    const refusal = {
      verdict: 'certificate_unknown',
      message: 'The certificate is not on the list of allowed certificates.',
      remedy: 'Add the certificate.',
      occurrences: 3,
      last_at: '2026-11-23T10:05:00.000Z',
    };
    const answer = claimAnswer({ ...CLAIM, refusals: [refusal] });
    const text = answer.text(screen);
    expect(text).toContain(CLAIM.id);
    expect(text.split('\n').at(-1)?.split(/ {2,}/)).toEqual([
      'certificate_unknown',
      '3',
      '2026-11-23 10:05:00Z',
      refusal.message,
      refusal.remedy,
    ]);
    expect(answer.value).toEqual({ ...CLAIM, refusals: [refusal] });
  });

  it('says where nothing was refused', () => {
    expect(claimAnswer(CLAIM).text(screen)).toMatch(/Refused connections:\nNone\.$/);
  });
});
