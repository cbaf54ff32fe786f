import { FastifyAdapter } from '@nestjs/platform-fastify';
import { type FastifyError, type FastifyServerOptions } from 'fastify';

import { rewriteUrl } from './console-api';
import { EarlyRefusals } from './early-refusals';

type ErrorHandler = Parameters<FastifyAdapter['setErrorHandler']>[0];

/** A fault that Fastify found, with its code. */
class FastifyRefusal extends Error {
  readonly code: string;
  readonly statusCode: number | undefined;

  constructor(cause: FastifyError) {
    super(cause.message, { cause });
    this.name = 'FastifyRefusal';
    this.code = cause.code;
    this.statusCode = cause.statusCode;
  }
}

/** Identifiers as long as they may be, so that what is wrong with them is answered in the words of their space. */
const ROUTER = { routerOptions: { maxParamLength: 8_192 } } as const;

/**
 * Nest makes an HttpException of each error of Fastify before a filter sees it, and its code is lost, by which a space
 * tells one fault from another (`RoutesResolver.mapExternalException`).
 */
export class SpaceAdapter extends FastifyAdapter {
  constructor(
    options?: FastifyServerOptions,
    readonly earlyRefusals = new EarlyRefusals(),
  ) {
    super({ ...ROUTER, rewriteUrl, ...options, frameworkErrors: earlyRefusals.answer });
  }

  override setErrorHandler(handler: ErrorHandler): ReturnType<FastifyAdapter['setErrorHandler']> {
    return super.setErrorHandler(function (error, request, reply): unknown {
      return handler.call(this, isOfFastify(error) ? new FastifyRefusal(error) : error, request, reply) as unknown;
    });
  }
}

const isOfFastify = (error: unknown): error is FastifyError => error instanceof Error && error.name === 'FastifyError';
