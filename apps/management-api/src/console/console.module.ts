import { dirname, join } from 'node:path';

import fastifyStatic from '@fastify/static';
import { Inject, Module, type NestModule } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type FastifyInstance } from 'fastify';

import { type Clock } from '@lib/kernel';
import { CLOCK } from '@lib/platform';

import { HttpModule } from '../http/http.module';
import { openApiFolder } from '../http/openapi/document';
import { RateLimiter } from '../http/rate-limiter';
import { ConsoleFilesController } from './http/console-files.controller';
import { ConsoleLoginController } from './http/console-login.controller';
import { ConsoleSpace } from './http/console-space';
import { CONSOLE_FOLDER, LOGIN_LIMITER } from './tokens';

/** For a company behind one address, on a Monday morning. */
const LOGINS = { perSecond: 5, burst: 200 };

/** The web console: its files, and the way in and out. */
@Module({
  imports: [HttpModule],
  controllers: [ConsoleLoginController, ConsoleFilesController],
  providers: [
    ConsoleSpace,
    { provide: CONSOLE_FOLDER, useFactory: () => join(dirname(dirname(openApiFolder())), 'dist', 'console') },
    { provide: LOGIN_LIMITER, inject: [CLOCK], useFactory: (clock: Clock) => new RateLimiter(LOGINS, clock) },
  ],
})
export class ConsoleModule implements NestModule {
  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(CONSOLE_FOLDER) private readonly folder: string,
  ) {}

  /** Nothing is served by itself: a controller decides what is a file. */
  configure(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.register(fastifyStatic, {
      root: this.folder,
      serve: false,
      preCompressed: true,
      index: false,
      dotfiles: 'deny',
      suppressWarning: true,
    });
  }
}
