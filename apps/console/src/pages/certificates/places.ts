import { type Attempt } from '../../api/schema';

export interface Sighting {
  readonly endpoint: string;
  readonly address: string;
  readonly at: string;
  readonly occurrences: number;
}

/** Where a certificate was let in, one line for each endpoint and address, the latest first. */
export function sightingsOf(fingerprint: string, attempts: readonly Attempt[]): readonly Sighting[] {
  const places = new Map<string, Sighting>();
  for (const { certificate, verdict, endpoint, address, last_at: at, occurrences } of attempts) {
    if (verdict !== 'accepted' || certificate?.sha256_fingerprint !== fingerprint) continue;
    const place = `${endpoint} ${address}`;
    const known = places.get(place);
    places.set(place, {
      endpoint,
      address,
      at: known !== undefined && known.at > at ? known.at : at,
      occurrences: occurrences + (known?.occurrences ?? 0),
    });
  }
  return [...places.values()].sort((one, other) => other.at.localeCompare(one.at));
}

/** Places where the old certificate was seen since an instant, and the new one was not: whoever is there has not changed yet. */
export function missingPlaces(
  old: readonly Sighting[],
  replacement: readonly Sighting[],
  since: Date,
): readonly Sighting[] {
  const arrived = new Set(replacement.map(({ address }) => address));
  return old.filter(({ address, at }) => Date.parse(at) >= since.getTime() && !arrived.has(address));
}
