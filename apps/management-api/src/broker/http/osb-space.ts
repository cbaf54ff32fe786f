import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';

import { DRY_RUN_HEADER } from '../../http/dry-run';
import { type EarlyRefusal, type RouteSpace, Space } from '../../http/route-space';
import { addressOf } from '../../http/server-limits';
import { BrokerReport } from '../broker-report';
import { contextOf, headerOf } from './osb-call';
import { badRequest, OsbError, toOsbError, UNAVAILABLE } from './osb-error';
import { PlatformAuthentication } from './platform-authentication';

const REQUEST_IDENTITY = 'x-broker-api-request-identity';

/**
 * The routes of the specification. Order of checks: 401, a dry run that is asked for, 412, 404, body; nobody's body is
 * read before he is known.
 */
@Injectable()
@Space(['/v2'])
export class OsbSpace implements RouteSpace {
  /** The largest request is an order with all the certificates it may hold. */
  readonly maxBodyBytes = 524_288;

  constructor(
    @Inject(PlatformAuthentication) private readonly authentication: PlatformAuthentication,
    @Inject(BrokerReport) private readonly report: BrokerReport,
  ) {}

  async admit(request: FastifyRequest): Promise<void> {
    await this.authentication.authenticate(request.headers.authorization, addressOf(request));
    refuseDryRun(request);
    this.checkVersion(request);
  }

  /** Everything since 2.12 is an addition, so every later 2.x is taken. @throws OsbError 412 */
  protected checkVersion(request: FastifyRequest): void {
    const minor = /^2\.(\d{1,4})$/.exec(headerOf(request, 'x-broker-api-version') ?? '')?.[1];
    if (minor === undefined || Number(minor) < 12) {
      throw new OsbError(412, 'Send X-Broker-API-Version 2.12 or a later 2.x version.');
    }
  }

  /** Clients send the media type with an empty DELETE too; a body of another type is refused, not guessed at. */
  parse(mediaType: string | undefined, body: Buffer): unknown {
    if (body.length === 0) return undefined;
    if (mediaType !== 'application/json') throw badRequest('The request body must be application/json.');
    try {
      return JSON.parse(body.toString('utf8'));
    } catch {
      throw badRequest('The request body is not valid JSON.');
    }
  }

  headers(request: FastifyRequest): Record<string, string> {
    const identity = headerOf(request, REQUEST_IDENTITY);
    return {
      'x-correlation-id': contextOf(request).correlationId,
      'cache-control': 'no-store',
      ...(identity !== undefined && identity.length <= 1_024 && { [REQUEST_IDENTITY]: identity }),
    };
  }

  answered(request: FastifyRequest, reply: FastifyReply): void {
    this.report.answered({
      route: request.routeOptions.url ?? '',
      method: request.method,
      status: reply.statusCode,
      latencyMs: Math.round(reply.elapsedTime),
      correlationId: contextOf(request).correlationId,
    });
  }

  refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { correlationId } = contextOf(request);
    const known = error instanceof NotFoundException ? new OsbError(404, 'Not found.') : toOsbError(error);
    if (known === undefined || known.status >= 500) this.report.failed(error, correlationId);
    const { status, headers, body } =
      known ?? new OsbError(500, `The service failed. Quote ${correlationId} when you report it.`);
    void reply
      .code(status)
      .headers({ ...headers })
      .type('application/json; charset=utf-8')
      .send(body);
    return Promise.resolve();
  }

  refuseEarly(error: Error): EarlyRefusal {
    const { status, body } = toOsbError(error) ?? UNAVAILABLE;
    return { status, body };
  }
}

/** IBM Cloud's extension, whose calls carry no version. */
@Injectable()
@Space(['/bluemix_v1'])
export class InstanceStateSpace extends OsbSpace {
  protected override checkVersion(): void {
    // None is sent.
  }
}

/** The specification has none, and whoever asks for one must never get the deed. */
function refuseDryRun({ method, headers }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD' || headers[DRY_RUN_HEADER.toLowerCase()] === undefined) return;
  throw badRequest(`The broker has no dry run: nothing was done. Leave ${DRY_RUN_HEADER} out to do it.`);
}
