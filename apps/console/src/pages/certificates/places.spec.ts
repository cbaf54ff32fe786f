import { type Attempt } from '../../api/schema';
import { missingPlaces, sightingsOf } from './places';

const attempt = (
  fingerprint: string,
  address: string,
  endpoint: string,
  at: string,
  verdict = 'accepted',
): Attempt => ({
  id: at,
  href: '',
  verdict,
  message: '',
  remedy: '',
  address,
  endpoint,
  certificate: { sha256_fingerprint: fingerprint },
  occurrences: 2,
  first_at: at,
  last_at: at,
});

describe('where a certificate was seen', () => {
  it('is told once for each endpoint and address, with the latest instant', () => {
    expect(
      sightingsOf('aa', [
        attempt('aa', '10.0.0.1', 'kmip-1', '2026-11-01'),
        attempt('aa', '10.0.0.1', 'kmip-1', '2026-11-03'),
        attempt('aa', '10.0.0.1', 'kmip-2', '2026-11-02'),
        attempt('bb', '10.0.0.2', 'kmip-1', '2026-11-04'),
        attempt('aa', '10.0.0.3', 'kmip-1', '2026-11-05', 'credential_wrong'),
      ]),
    ).toEqual([
      { endpoint: 'kmip-1', address: '10.0.0.1', at: '2026-11-03', occurrences: 4 },
      { endpoint: 'kmip-2', address: '10.0.0.1', at: '2026-11-02', occurrences: 2 },
    ]);
  });

  it('shows who has not changed to another one yet', () => {
    const place = (address: string, at: string) => ({ endpoint: 'kmip-1', address, at, occurrences: 1 });
    const old = [place('a', '2026-11-20'), place('b', '2026-11-20'), place('c', '2026-01-01')];
    expect(missingPlaces(old, [place('b', '2026-11-21')], new Date('2026-11-01'))).toEqual([old[0]]);
  });
});
