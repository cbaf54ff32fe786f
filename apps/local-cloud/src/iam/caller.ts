import { type FastifyRequest } from 'fastify';
import { type Cloud } from '../cloud';
import { type Verification } from './token-issuer';

const BEARER = /^Bearer +(\S+)$/i;

/** Who calls, by the bearer token; `malformed` when there is none to speak of. */
export function verifyCaller(cloud: Cloud, request: FastifyRequest): Verification | 'absent' {
  const header = request.headers.authorization;
  if (header === undefined) return 'absent';
  const token = BEARER.exec(header)?.[1];
  return token === undefined ? 'malformed' : cloud.tokens.verify(token);
}
