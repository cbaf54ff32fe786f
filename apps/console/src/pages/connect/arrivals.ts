import { type Attempt, type Certificate } from '../../api/schema';

type Known = Pick<Certificate, 'id' | 'sha256_fingerprint'>;

/** How far a client is at one endpoint. */
export type Arrival =
  | { readonly endpoint: string; readonly state: 'waiting' }
  | { readonly endpoint: string; readonly state: 'connected'; readonly attempt: Attempt }
  | { readonly endpoint: string; readonly state: 'refused'; readonly attempt: Attempt };

/** Whether somebody was refused for a certificate that nobody had registered, and nobody has since. */
export const isStranger = ({ verdict, certificate, nearest_certificate }: Attempt): boolean =>
  verdict === 'certificate_unknown' &&
  certificate !== undefined &&
  nearest_certificate?.sha256_fingerprint !== certificate.sha256_fingerprint;

/** Whether the attempt was made with the certificate, or by somebody who now shows another one of the same name. */
const isOf = (attempt: Attempt, certificate: Known): boolean =>
  isStranger(attempt)
    ? attempt.nearest_certificate?.id === certificate.id
    : // Before it was registered it was nobody's: that is mended.
      attempt.verdict !== 'certificate_unknown' &&
      attempt.certificate?.sha256_fingerprint === certificate.sha256_fingerprint;

const STRANGERS = 4;

/** The latest strangers with a claimed fingerprint that are not of the certificate. */
export const strangersBeside = (certificate: Known, attempts: readonly Attempt[]): readonly Attempt[] =>
  attempts.filter((attempt) => isStranger(attempt) && !isOf(attempt, certificate)).slice(0, STRANGERS);

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
