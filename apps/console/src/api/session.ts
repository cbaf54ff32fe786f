import { Problem } from './problem';

/** Who is signed in, as the server tells it. The tokens stay there. */
export interface Session {
  readonly user: { readonly iam_id: string; readonly name?: string; readonly email?: string; readonly account: string };
  readonly csrf_token: string;
  readonly expires_at: string;
  readonly idle_expires_at: string;
  /** Where the sign-in of IBM Cloud itself is ended; absent if the operator named no such page. */
  readonly logout_url?: string;
}

const SESSION = '/console/api/session';
const LOGIN = '/console/login';
const LOGOUT = '/console/logout';

let csrfToken = '';
let onEnd: () => void = () => undefined;

/** Sent with whatever changes something: another site's page does not know it. */
export const currentCsrfToken = (): string => csrfToken;

/** @param told when an answer shows that nobody is signed in any more */
export function whenSessionEnds(told: () => void): void {
  onEnd = told;
}

export const sessionEnded = (): void => onEnd();

/** @returns undefined when nobody is signed in */
export async function readSession(): Promise<Session | undefined> {
  let response;
  try {
    response = await fetch(SESSION, { headers: { accept: 'application/json' } });
  } catch {
    throw Problem.unanswered('unreachable');
  }
  if (response.status === 401) return undefined;
  if (!response.ok) throw Problem.from(response, await response.text());
  // A parse edge: our own server, whose contract this is.
  const session = (await response.json()) as Session;
  csrfToken = session.csrf_token;
  return session;
}

/** To the sign-in, and back to where we are. */
export function signIn(): void {
  const { pathname, search } = window.location;
  window.location.assign(`${LOGIN}?target=${encodeURIComponent(pathname + search)}`);
}

/** Says that somebody is there, and has nothing else to ask. */
export async function stayHere(): Promise<void> {
  await fetch('/console/api/v1/instances?limit=1', { headers: { accept: 'application/json' } });
}

/**
 * @param everywhere whether all sessions of this user end, on other machines too
 * @returns the page to go to
 */
export async function signOut(everywhere: boolean): Promise<string> {
  const response = await fetch(everywhere ? `${LOGOUT}?everywhere=true` : LOGOUT, {
    method: 'POST',
    headers: { 'x-csrf-token': csrfToken, accept: 'application/json' },
  });
  if (!response.ok) throw Problem.from(response, await response.text());
  return ((await response.json()) as { location: string }).location;
}
