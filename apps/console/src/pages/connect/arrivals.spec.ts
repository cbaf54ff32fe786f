import { type Attempt } from '../../api/schema';
import { arrivalsOf, strangersBeside } from './arrivals';

const mine = { id: 'c1', sha256_fingerprint: 'aa' };
const attempt = (
  endpoint: string,
  verdict: string,
  minute: number,
  more: { fingerprint?: string; nearest?: string; registered?: boolean } = {},
): Attempt => ({
  id: `${endpoint}-${verdict}-${String(minute)}`,
  href: '',
  verdict,
  message: '',
  remedy: '',
  address: '192.0.2.10',
  endpoint,
  certificate: { sha256_fingerprint: more.fingerprint ?? 'aa' },
  ...(more.nearest !== undefined && {
    nearest_certificate: {
      id: more.nearest,
      href: '',
      name: '',
      sha256_fingerprint: more.registered === true ? (more.fingerprint ?? 'aa') : '',
    },
  }),
  occurrences: 1,
  first_at: '2026-11-23T10:00:00.000Z',
  last_at: `2026-11-23T10:${String(minute).padStart(2, '0')}:00.000Z`,
});
const statesOf = (attempts: readonly Attempt[]) =>
  arrivalsOf(mine, ['kmip-1', 'kmip-2'], attempts).map(({ state }) => state);

describe('the arrival of a client', () => {
  it('is waited for at each endpoint', () => {
    expect(statesOf([])).toEqual(['waiting', 'waiting']);
    expect(statesOf([attempt('kmip-2', 'accepted', 1)])).toEqual(['waiting', 'connected']);
  });

  it('is what happened last, in whatever order it is told', () => {
    const refused = attempt('kmip-1', 'credential_wrong', 1);
    const accepted = attempt('kmip-1', 'accepted', 2);
    expect(statesOf([refused, accepted])).toEqual(['connected', 'waiting']);
    expect(statesOf([accepted, refused])).toEqual(['connected', 'waiting']);
    expect(statesOf([accepted, attempt('kmip-1', 'certificate_expired', 3)])).toEqual(['refused', 'waiting']);
  });

  it('is told of a client that shows another certificate of the same name, and of no other', () => {
    const remade = attempt('kmip-1', 'certificate_unknown', 1, { fingerprint: 'bb', nearest: 'c1' });
    const other = attempt('kmip-2', 'accepted', 1, { fingerprint: 'cc', nearest: 'c2' });
    expect(statesOf([remade, other])).toEqual(['refused', 'waiting']);
  });

  it('begins anew when a certificate that was refused is registered', () => {
    const before = attempt('kmip-1', 'certificate_unknown', 1, { nearest: 'c1', registered: true });
    expect(statesOf([before])).toEqual(['waiting', 'waiting']);
    expect(strangersBeside(mine, [before])).toEqual([]);
  });

  it('is told beside strangers that resemble nothing', () => {
    const stranger = attempt('kmip-1', 'certificate_unknown', 1, { fingerprint: 'dd' });
    const remade = attempt('kmip-1', 'certificate_unknown', 1, { fingerprint: 'bb', nearest: 'c1' });
    expect(strangersBeside(mine, [remade, stranger, attempt('kmip-1', 'accepted', 2)])).toEqual([stranger]);
  });
});
