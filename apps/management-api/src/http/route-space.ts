import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify';

/** An answer in the shape of one space of routes. */
export interface EarlyRefusal {
  readonly status: number;
  readonly body: object;
}

/**
 * Routes under one prefix, with rules of their own: who is let in, how bodies are read, what an answer carries, and how a
 * refusal looks, also that of a path that does not exist.
 */
export interface RouteSpace {
  /** Longest body, in bytes. */
  readonly maxBodyBytes: number;
  /** Told of each route before it is registered; what it returns is added to the configuration of the route. */
  bind?(route: RouteOptions): object;
  /** Before anything of the body is read. Whatever it throws is answered by `refuse`. */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** @param mediaType one of {@link JSON_TYPES}, or undefined for any other @throws what `refuse` can answer */
  parse(mediaType: string | undefined, body: Buffer): unknown;
  /** On every answer. */
  headers(request: FastifyRequest): Readonly<Record<string, string>>;
  answered(request: FastifyRequest, reply: FastifyReply): void;
  /**
   * Answers whatever was thrown: by a check, by Fastify, by a handler. Never rejects.
   * For a path that does not exist, `request.is404` is set.
   */
  refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Of a path that cannot be read: none of the others is called. */
  refuseEarly(error: Error, correlationId: string): EarlyRefusal;
}

/** Read by the parser of the space; anything else is its `undefined`. */
export const JSON_TYPES = ['application/json', 'application/merge-patch+json'] as const;

declare module 'fastify' {
  interface FastifyContextConfig {
    space?: RouteSpace;
    /** A page for everybody: no space takes it, although it stands under its prefix. */
    isPublic?: boolean;
  }
}

/** Marks a provider as the {@link RouteSpace} of these prefixes, such as `/v1`. */
export const Space = DiscoveryService.createDecorator<readonly string[]>();

/** All spaces of the application. */
@Injectable()
export class RouteSpaces {
  #byPrefix: readonly (readonly [prefix: string, space: RouteSpace])[] | undefined;

  constructor(@Inject(DiscoveryService) private readonly discovery: DiscoveryService) {}

  /** By the route that was found; a path alone could be spelled in many ways. Of what no route takes, by its path. */
  of(request: FastifyRequest): RouteSpace | undefined {
    return request.is404 ? this.at(request.url) : request.routeOptions.config.space;
  }

  /** @param url of a route, or as it was requested */
  at(url: string): RouteSpace | undefined {
    const [path = ''] = url.split(/[?#]/, 1);
    return this.#all().find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1];
  }

  #all(): readonly (readonly [string, RouteSpace])[] {
    this.#byPrefix ??= this.discovery.getProviders({ metadataKey: Space.KEY }).flatMap((wrapper) => {
      const prefixes = this.discovery.getMetadataByDecorator(Space, wrapper) ?? [];
      return prefixes.map((prefix) => [prefix, wrapper.instance as RouteSpace] as const);
    });
    return this.#byPrefix;
  }
}
