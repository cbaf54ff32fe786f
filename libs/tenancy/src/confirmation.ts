import { TenancyError } from './tenancy.error';

/** What would be lost, for the person who must say that it is meant. */
export interface Loss {
  /** A sentence without its full stop: `5 keys are not served any more`. */
  readonly stops: string;
  /** What has to be repeated. */
  readonly name: string;
}

/**
 * Stops a great mistake: what is in use is only removed by who names it. The name is asked for, because whoever is at
 * the wrong instance or certificate would confirm a yes or a number all the same.
 * @throws TenancyError('confirmation_needed') that says what would stop, and how to confirm
 */
export function requireConfirmation(loss: Loss | undefined, confirm: string | undefined): void {
  if (loss === undefined || confirm === loss.name) return;
  const given = confirm === undefined ? '' : ' The name that was given is another one.';
  throw new TenancyError(
    'confirmation_needed',
    `${loss.stops}.${given} Nothing was changed. To do it all the same, give the name \`${loss.name}\` as \`confirm\`.`,
  );
}

/** A certificate that was let in so lately belongs to a client that is at work. */
export const SEEN_LATELY_DAYS = 7;
const DAY_MS = 86_400_000;

/** What stops when a certificate is removed that was let in lately. */
export function lossOfCertificate(name: string, lastSeen: { at: Date; address: string } | undefined, now: Date) {
  if (lastSeen === undefined || now.getTime() - lastSeen.at.getTime() > SEEN_LATELY_DAYS * DAY_MS) return undefined;
  const { at, address } = lastSeen;
  return {
    name,
    stops: `The client at ${address} was let in with this certificate at ${at.toISOString()} and gets no key any more`,
  };
}
