import { type FastifyRequest } from 'fastify';

import { ApiError } from '../../http/api-error';
import { cookieIn, SESSION_COOKIE } from '../session/session-cookie';

export const sessionCookieOf = (request: FastifyRequest): string | undefined =>
  cookieIn(request.headers.cookie, SESSION_COOKIE);

/** The console then offers to sign in. */
export const signedOut = (): ApiError =>
  new ApiError(
    401,
    [{ code: 'unauthenticated', message: 'Sign in at `/console/login`: there is no session, or it has ended.' }],
    { 'www-authenticate': 'Bearer realm="IAM"' },
  );
