import '@fastify/static';

import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { Controller, Get, Inject, NotFoundException, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';

import { ConsoleSessions } from '../session/console-sessions';
import { CONSOLE_FOLDER } from '../tokens';
import { CONSOLE_STYLE } from '../pages/console-page';
import { showPage } from './console-space';
import { byCrn, ownPath } from './own-path';
import { sessionCookieOf } from './session-of';

/** Their names have a hash of what is in them. */
const ASSET = /^assets\/[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
/** What lies beside the page, such as its icon. */
const FILE = /^[A-Za-z0-9_-]+\.(svg|png|ico|webmanifest)$/;
const IMMUTABLE = { maxAge: 31_536_000_000, immutable: true };

/** The built console. Whatever is no file of it is a page of it, which the browser draws. */
@Controller()
export class ConsoleFilesController {
  constructor(
    @Inject(CONSOLE_FOLDER) private readonly folder: string,
    @Inject(ConsoleSessions) private readonly sessions: ConsoleSessions,
  ) {}

  /** Of our own small pages, which are there before the console is built. */
  @Get('console/pages.css')
  style(@Res() reply: FastifyReply): void {
    void reply.header('cache-control', 'no-cache').type('text/css; charset=utf-8').send(CONSOLE_STYLE);
  }

  @Get('console/api/*')
  unknown(): never {
    throw new NotFoundException();
  }

  @Get('console/*')
  async file(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const path = (request.params as { '*': string })['*'];
    if (ASSET.test(path)) await reply.sendFile(path, this.folder, IMMUTABLE);
    else if (FILE.test(path)) await reply.header('cache-control', 'no-cache').sendFile(path, this.folder, NOT_KEPT);
    else await this.page(request, reply);
  }

  @Get('console')
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const elsewhere = await this.#byItsCrn(request);
    if (elsewhere !== undefined) {
      void reply.header('cache-control', 'no-store').redirect(elsewhere, 302);
      return;
    }
    const isBuilt = await access(join(this.folder, 'index.html')).then(
      () => true,
      () => false,
    );
    if (isBuilt) await reply.header('cache-control', 'no-cache').sendFile('index.html', this.folder, NOT_KEPT);
    else showPage(request, reply.header('retry-after', '5'), 503, { page: 'absent', refresh: 5 });
  }

  /** Addresses that were given out before there was a console. */
  @Get('dashboard/:id')
  dashboard(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const { id } = request.params as { readonly id: string };
    void reply.redirect(ownPath(`/console/instances/${encodeURIComponent(id)}`), 302);
  }

  /** A token is of one account: whoever looks at an instance of another one gets one of that, by signing in again. */
  async #byItsCrn(request: FastifyRequest): Promise<string | undefined> {
    const [path = ''] = request.url.split('?', 1);
    const target = byCrn(path);
    if (target === undefined) return undefined;
    const open = await this.sessions.open(sessionCookieOf(request));
    if (open?.session.accountId === target.accountId) return target.path;
    return `/console/login?target=${encodeURIComponent(path)}`;
  }
}

const NOT_KEPT = { cacheControl: false };
