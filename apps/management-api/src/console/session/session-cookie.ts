import { createHash, randomBytes } from 'node:crypto';

/**
 * `__Host-`: of this very host, over TLS or on this machine, for all paths; nobody beside us can set it. Lax, since one
 * comes back from IAM by a link of another site.
 */
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';
const SECRET = /^[A-Za-z0-9_-]{43}$/;

export const SESSION_COOKIE = '__Host-kmip4v-session';
/** Which browser a sign-in was begun with. */
export const LOGIN_COOKIE = '__Host-kmip4v-login';

export const newCookieValue = (): string => randomBytes(32).toString('base64url');

/** What is stored of it: 256 random bits need no salt, and no slow hash. */
export const hashOf = (value: string): Buffer => createHash('sha256').update(value).digest();

/** @returns undefined for what cannot be one of ours */
export function cookieIn(header: string | undefined, name: string): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
  return value !== undefined && SECRET.test(value) ? value : undefined;
}

/** Until the browser is closed, or for so long. */
export const setCookie = (name: string, value: string, maxAgeSeconds?: number): string =>
  `${name}=${value}; ${ATTRIBUTES}${maxAgeSeconds === undefined ? '' : `; Max-Age=${maxAgeSeconds}`}`;

export const clearCookie = (name: string): string => setCookie(name, '', 0);
