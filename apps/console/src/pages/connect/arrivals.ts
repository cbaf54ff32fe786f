import { type Attempt, type Certificate } from '../../api/schema';

type Known = Pick<Certificate, 'id' | 'sha256_fingerprint' | 'created_at'>;

/** How far a client is at one endpoint. */
export type Arrival =
  | { readonly endpoint: string; readonly state: 'waiting' }
  | { readonly endpoint: string; readonly state: 'connected'; readonly attempt: Attempt }
  | { readonly endpoint: string; readonly state: 'refused'; readonly attempt: Attempt };

/** Whether the attempt was made with the certificate, or by somebody who now shows another one of the same name. */
const isOf = (attempt: Attempt, certificate: Known): boolean =>
  attempt.certificate?.sha256_fingerprint === certificate.sha256_fingerprint ||
  attempt.nearest_certificate?.id === certificate.id;

/** For each endpoint, the latest that a client with the certificate met there. */
export function arrivalsOf(
  certificate: Known,
  endpoints: readonly string[],
  attempts: readonly Attempt[],
): readonly Arrival[] {
  return endpoints.map((endpoint) => {
    const [latest] = attempts
      .filter((attempt) => attempt.endpoint === endpoint && isOf(attempt, certificate))
      .sort((one, other) => Date.parse(other.last_at) - Date.parse(one.last_at));
    if (latest === undefined) return { endpoint, state: 'waiting' };
    return { endpoint, state: latest.verdict === 'accepted' ? 'connected' : 'refused', attempt: latest };
  });
}
