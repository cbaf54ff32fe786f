import { type ArgumentsHost, Catch, Inject } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { type FastifyReply, type FastifyRequest } from 'fastify';

import { RouteSpaces } from './route-space';

/** Everything that is thrown on the way of a request comes here, and is answered in the shape of its space. */
@Catch()
export class SpaceFilter extends BaseExceptionFilter {
  constructor(@Inject(RouteSpaces) private readonly spaces: RouteSpaces) {
    super();
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const space = this.spaces.of(request);
    if (space) void space.refuse(error, request, http.getResponse<FastifyReply>());
    else super.catch(error, host);
  }
}
