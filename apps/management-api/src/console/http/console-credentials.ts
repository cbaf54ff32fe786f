import { Inject, Injectable } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';

import { type CallerCredentials } from '../../http/caller-credentials';
import { isOfConsole } from '../../http/console-api';
import { stateOf } from '../../http/request-state';
import { PUBLIC_URL } from '../../http/tokens';
import { ConsoleSessions } from '../session/console-sessions';
import { SessionWatch } from '../session/session-watch';
import { SESSION_COOKIE, setCookie } from '../session/session-cookie';
import { requireOwnPage } from './same-origin';
import { sessionCookieOf, signedOut } from './session-of';

/** Of a request that no person caused, such as a look whether something changed: it does not keep a session alive. */
const BACKGROUND_HEADER = 'x-background';

/** Callers of the tenant API bring a token; who is signed in to the console has one here. */
@Injectable()
export class ConsoleCredentials implements CallerCredentials {
  constructor(
    @Inject(ConsoleSessions) private readonly sessions: ConsoleSessions,
    @Inject(SessionWatch) private readonly watch: SessionWatch,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  /** What a page of the console says in `Authorization` is not looked at. */
  async of(request: FastifyRequest): Promise<string | undefined> {
    if (!isOfConsole(request)) return request.headers.authorization;
    const open = await this.sessions.open(sessionCookieOf(request));
    if (open === undefined) throw signedOut();
    requireOwnPage(request, open, this.publicUrl);
    const fresh = await this.sessions.fresh(open);
    if (fresh === undefined) throw signedOut();
    if (!isBackground(request)) await this.sessions.use(fresh);
    const state = stateOf(request);
    state.isSignedIn = async () => (await this.sessions.still(fresh.session)) !== undefined;
    state.onSignedOut = (end) => this.watch.onEnd(fresh.session.id, end);
    if (fresh.newCookie !== undefined) state.newCookie = setCookie(SESSION_COOKIE, fresh.newCookie);
    return `Bearer ${fresh.secrets.accessToken}`;
  }
}

const isBackground = ({ headers }: FastifyRequest): boolean =>
  headers[BACKGROUND_HEADER] !== undefined || headers.accept?.includes('text/event-stream') === true;
