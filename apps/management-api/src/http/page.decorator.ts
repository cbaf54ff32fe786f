import { applyDecorators, Header } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';

/** Nothing from another host, no inline script, no framing: one of the pages holds an access token while it is open. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A route that gives everybody, without a token, what was read at the start. */
export const Page = (mediaType: string): MethodDecorator =>
  applyDecorators(
    RouteConfig({ isPublic: true }),
    Header('content-type', `${mediaType}; charset=utf-8`),
    Header('content-security-policy', POLICY),
    Header('x-content-type-options', 'nosniff'),
    Header('referrer-policy', 'no-referrer'),
  );
