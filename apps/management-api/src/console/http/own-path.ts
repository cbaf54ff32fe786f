import { isUuid } from '@lib/kernel';

import { type LoginTarget } from '../session/console-logins';

const MAX_PATH = 2_000;
/** Not pages: nobody is led there after a sign-in. */
const NO_PAGES = /^\/console\/(api|assets|login|callback|logout)(\/|$)/;
/** An instance by its CRN, as the catalog knows it; proxies may have decoded it. */
const BY_CRN = /^\/console\/instances\/crn:v1:(?:[^:/]*:){4}a\/([^:/]+):([^:/]+):{0,2}(\/.*)?$/;

export const HOME = '/console/';

/**
 * A page of the console, as it was asked for; home for anything else: after a sign-in nobody is led to where somebody
 * else wants him to be.
 */
export function ownPath(wanted: string | undefined): string {
  if (wanted === undefined || wanted.length > MAX_PATH || !/^\/console(\/|\?|$)/.test(wanted)) return HOME;
  const base = 'http://console.invalid';
  // The browser's own reading of it: `\\`, `//`, dots and line ends are what it makes of them.
  if (!URL.canParse(wanted, base)) return HOME;
  const { origin, pathname, search } = new URL(wanted, base);
  const isOwn = origin === base && (pathname === '/console' || pathname.startsWith('/console/'));
  return isOwn && !NO_PAGES.test(pathname) ? `${pathname}${search}` : HOME;
}

/** Where a page that names an instance by its CRN is, and whose account it is of. */
export function byCrn(path: string): LoginTarget | undefined {
  const [, accountId, instanceId = '', rest = ''] = BY_CRN.exec(decoded(path)) ?? [];
  if (accountId === undefined || !isUuid(instanceId.toLowerCase())) return undefined;
  return { path: ownPath(`/console/instances/${instanceId.toLowerCase()}${rest}`), accountId };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
