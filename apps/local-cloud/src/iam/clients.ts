import { timingSafeEqual } from 'node:crypto';
import { type FastifyRequest } from 'fastify';
import { type Cloud } from '../cloud';
import { TokenEndpointError } from './iam.errors';
import { sha256 } from './login-sessions';

/** The confidential client that asks, by Basic authentication (RFC 6749 §2.3.1). @throws TokenEndpointError */
export function clientOf(cloud: Cloud, request: FastifyRequest): string {
  const encoded = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':').map(formDecoded);
  const client = cloud.store.get('client', id);
  const isKnown = client && timingSafeEqual(sha256(secret), Buffer.from(client.secretHash, 'hex'));
  if (!isKnown) throw new TokenEndpointError(401, 'BXNIM0124E', 'The client is unknown, or its secret is not right.');
  return client.id;
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
