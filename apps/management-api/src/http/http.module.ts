import { Inject, Module, type NestModule } from '@nestjs/common';
import { APP_FILTER, DiscoveryModule, HttpAdapterHost } from '@nestjs/core';
import { type FastifyInstance } from 'fastify';

import { MANAGEMENT_CONFIG, publicUrlOf } from '../management-config.module';
import { drainOnClose } from './draining';
import { JSON_TYPES, RouteSpaces } from './route-space';
import { limitConnections, type ServerSettings } from './server-limits';
import { type SpaceAdapter } from './space-adapter';
import { SpaceFilter } from './space.filter';

/** What all routes stand on: each is admitted, read, answered and refused by the rules of its {@link RouteSpace}. */
@Module({
  imports: [DiscoveryModule],
  providers: [RouteSpaces, { provide: APP_FILTER, useClass: SpaceFilter }],
  exports: [RouteSpaces],
})
export class HttpModule implements NestModule {
  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost<SpaceAdapter>,
    @Inject(RouteSpaces) private readonly spaces: RouteSpaces,
    @Inject(MANAGEMENT_CONFIG)
    private readonly settings: ServerSettings & Parameters<typeof publicUrlOf>[0] & { readonly drainTimeoutMs: number },
  ) {}

  /** The one hook of Nest between the making of the providers and the registration of routes. */
  configure(): void {
    const { httpAdapter } = this.host;
    const fastify = httpAdapter.getInstance<FastifyInstance>();
    httpAdapter.earlyRefusals.of(this.spaces);
    limitConnections(fastify, this.settings);
    drainOnClose(fastify, this.settings.drainTimeoutMs);
    installSpaces(fastify, this.spaces);
    if (publicUrlOf(this.settings).startsWith('https:')) demandTls(fastify);
  }
}

/** A year. What else is spoken under the domain is not ours to say. */
const STRICT_TRANSPORT = 'max-age=31536000';

/** Tenants come by TLS, which a proxy in front ends: their browsers are told to come by nothing else (RFC 6797). */
function demandTls(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (_request, reply, payload, next) => {
    reply.header('strict-transport-security', STRICT_TRANSPORT);
    next(null, payload);
  });
}

function installSpaces(fastify: FastifyInstance, spaces: RouteSpaces): void {
  fastify.addHook('onRoute', (route) => {
    const space = route.config?.isPublic ? undefined : spaces.at(route.url);
    if (!space) return;
    route.bodyLimit = space.maxBodyBytes;
    route.config = { ...route.config, space, ...space.bind?.(route) };
  });
  // Nest's guards run after the body was read; a hook runs before.
  fastify.addHook('onRequest', async (request, reply) => spaces.of(request)?.admit(request, reply));
  fastify.addHook('onSend', (request, reply, payload, next) => {
    reply.headers({ ...spaces.of(request)?.headers(request) });
    next(null, payload);
  });
  fastify.addHook('onResponse', (request, reply, next) => {
    spaces.of(request)?.answered(request, reply);
    next();
  });
  fastify.removeAllContentTypeParsers();
  for (const mediaType of [...JSON_TYPES, undefined]) {
    fastify.addContentTypeParser(mediaType ?? '*', { parseAs: 'buffer' }, (request, body, parsed) => {
      try {
        // Asked for a buffer, Fastify gives one.
        parsed(null, spaces.of(request)?.parse(mediaType, body as Buffer));
      } catch (error) {
        parsed(error instanceof Error ? error : new Error('unreadable body'));
      }
    });
  }
}
