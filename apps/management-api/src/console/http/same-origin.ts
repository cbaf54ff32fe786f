import { type FastifyRequest } from 'fastify';

import { ApiError } from '../../http/api-error';
import { isCsrfToken, type OpenSession } from '../session/console-sessions';

export const CSRF_HEADER = 'X-CSRF-Token';

/** Methods that change nothing. */
const SAFE: readonly string[] = ['GET', 'HEAD'];

/**
 * What a session may be used for: by pages of ours, and for changes by those that know its token. Browsers say where a
 * request comes from (Fetch Metadata), and those that do not name the origin of a change.
 * @param publicUrl of ours
 * @throws ApiError 403
 */
export function requireOwnPage(request: FastifyRequest, open: OpenSession, publicUrl: string): void {
  requireOwnOrigin(request, publicUrl);
  if (SAFE.includes(request.method) || isCsrfToken(open, request.headers[CSRF_HEADER.toLowerCase()])) return;
  throw ApiError.of(403, 'forbidden', `A change needs the token of the session in \`${CSRF_HEADER}\`.`, {
    type: 'header',
    name: CSRF_HEADER,
  });
}

/** The same without a session, of which one may not be told to sign out either. @throws ApiError 403 */
export function requireOwnOrigin(request: FastifyRequest, publicUrl: string): void {
  const { 'sec-fetch-site': site, origin } = request.headers;
  const isSafe = SAFE.includes(request.method);
  // `none`: typed in, or a bookmark.
  if (site !== undefined && site !== 'same-origin' && !(isSafe && site === 'none')) throw elsewhere();
  if (!isSafe && site === undefined && origin !== new URL(publicUrl).origin) throw elsewhere();
}

const elsewhere = (): ApiError =>
  ApiError.of(403, 'forbidden', 'A session of the console is for pages of the console alone.', {
    type: 'header',
    name: 'Sec-Fetch-Site',
  });
