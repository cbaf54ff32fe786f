import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';

import { type ManagementApiConfig } from '@lib/config';
import { addressGroup } from '@lib/kmip-transport';
import { type Logger } from '@lib/observability';
import { LOGGER } from '@lib/platform';

import { type Limiter, refuseWhenLimited } from '../../http/admission';
import { addressOf } from '../../http/server-limits';
import { PUBLIC_URL } from '../../http/tokens';
import { MANAGEMENT_CONFIG } from '../../management-config.module';
import { LoginRefused } from '../iam/iam-login';
import { ConsoleLogins, LOGIN_GOOD_MS } from '../session/console-logins';
import { ConsoleSessions } from '../session/console-sessions';
import {
  clearCookie,
  cookieIn,
  LOGIN_COOKIE,
  newCookieValue,
  SESSION_COOKIE,
  setCookie,
} from '../session/session-cookie';
import { LOGIN_LIMITER } from '../tokens';
import { showPage } from './console-space';
import { byCrn, HOME, ownPath } from './own-path';
import { requireOwnOrigin, requireOwnPage } from './same-origin';
import { sessionCookieOf, signedOut } from './session-of';

const LOGIN = '/console/login';

/** Into the console and out of it. */
@Controller('console')
export class ConsoleLoginController {
  constructor(
    @Inject(ConsoleSessions) private readonly sessions: ConsoleSessions,
    @Inject(ConsoleLogins) private readonly logins: ConsoleLogins | undefined,
    @Inject(LOGIN_LIMITER) private readonly limiter: Limiter,
    @Inject(MANAGEMENT_CONFIG) private readonly config: Pick<ManagementApiConfig, 'iamLogoutUrl'>,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Get('login')
  async login(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (this.logins === undefined) {
      showPage(request, reply, 503, { page: 'not_configured' });
      return;
    }
    const elsewhere = this.#onOtherLoopbackName(request);
    if (elsewhere !== undefined) {
      redirect(reply, elsewhere);
      return;
    }
    refuseWhenLimited(this.limiter, addressGroup(addressOf(request)));
    const path = ownPath(queryOf(request).get('target') ?? undefined);
    const browser = cookieIn(request.headers.cookie, LOGIN_COOKIE) ?? newCookieValue();
    const address = await this.logins.begin(browser, byCrn(path) ?? { path });
    void reply.header('set-cookie', setCookie(LOGIN_COOKIE, browser, LOGIN_GOOD_MS / 1_000));
    redirect(reply, address);
  }

  @Get('callback')
  async callback(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const browser = cookieIn(request.headers.cookie, LOGIN_COOKIE);
    try {
      const done = await this.logins?.complete(browser, queryOf(request), addressOf(request));
      if (done === undefined) {
        await this.#again(request, reply);
        return;
      }
      const before = await this.sessions.open(sessionCookieOf(request));
      const cookie = await this.sessions.begin(done.tokens);
      if (before !== undefined) await this.sessions.end(before);
      void reply.header('set-cookie', setCookie(SESSION_COOKIE, cookie));
      redirect(reply, done.path);
    } catch (error) {
      if (!(error instanceof LoginRefused)) throw error;
      this.logger.info({ cause: error.cause }, 'a sign-in was refused');
      showPage(request, reply, 403, { page: 'login_refused', again: LOGIN, cloud: this.config.iamLogoutUrl });
    }
  }

  /** This session, or with `everywhere=true` all of the same person. */
  @Post('logout')
  async logout(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    requireOwnOrigin(request, this.publicUrl);
    const open = await this.sessions.open(sessionCookieOf(request));
    if (open !== undefined) {
      requireOwnPage(request, open, this.publicUrl);
      if (queryOf(request).get('everywhere') === 'true') await this.sessions.endAll(open);
      else await this.sessions.end(open);
    }
    void reply
      .code(200)
      .headers({ 'set-cookie': clearCookie(SESSION_COOKIE), 'cache-control': 'no-store' })
      .type('application/json; charset=utf-8')
      .send({ location: '/console/signed-out' });
  }

  @Get('signed-out')
  signedOut(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    showPage(request, reply, 200, { page: 'signed_out', again: LOGIN, cloud: this.config.iamLogoutUrl });
  }

  /** Who is signed in. It is asked while nobody does anything, so it does not keep the session alive. */
  @Get('api/session')
  async session(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const open = await this.sessions.open(sessionCookieOf(request));
    if (open === undefined) throw signedOut();
    requireOwnPage(request, open, this.publicUrl);
    const { session, secrets } = open;
    const body = {
      user: { iam_id: session.iamId, name: secrets.name, email: secrets.email, account: session.accountId },
      csrf_token: secrets.csrfToken,
      expires_at: session.expiresAt.toISOString(),
      idle_expires_at: this.sessions.idleEnd(session).toISOString(),
      logout_url: this.config.iamLogoutUrl,
    };
    void reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(body);
  }

  /** Somebody came back whom nobody expects: with the way back in his browser's history, or led by somebody else. */
  async #again(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if ((await this.sessions.open(sessionCookieOf(request))) !== undefined) redirect(reply, HOME);
    else showPage(request, reply, 400, { page: 'login_over', again: LOGIN });
  }

  /** IAM sends browsers back to the name that it was told; a cookie of another name of this machine is not sent there. */
  #onOtherLoopbackName({ headers, originalUrl }: FastifyRequest): string | undefined {
    const own = new URL(this.publicUrl);
    const isOther = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(headers.host ?? '') && headers.host !== own.host;
    return isOther && own.protocol === 'http:' ? `${own.origin}${originalUrl}` : undefined;
  }
}

const queryOf = ({ url }: FastifyRequest): URLSearchParams => new URL(url, 'http://console.invalid').searchParams;

const redirect = (reply: FastifyReply, address: string): void => {
  void reply.header('cache-control', 'no-store').redirect(address, 302);
};
