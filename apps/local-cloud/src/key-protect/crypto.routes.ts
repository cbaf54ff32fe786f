import { randomBytes, randomUUID } from 'node:crypto';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { toTimestamp, within } from '@lib/stand-in';
import { type Cloud } from '../cloud';
import { type KeyRow, type KeyVersion } from '../journal/rows';
import { illegalByteOf, isBase64 } from './base64';
import { open, seal } from './ciphertext';
import { requireCreationAllowed } from './instance-policy';
import { readBody, requireMaterial } from './key-input';
import { ACTIVE, DEACTIVATED, elapsedMs, HOUR_MS, requireState } from './key-state';
import { callOf } from './kms-call';
import { invalidField, KmsError } from './kms.errors';
import { operation } from './operations';

const GENERATED_KEY_BYTES = 32;
const AAD_LIMIT = 255;

const aad = z.array(z.string()).optional();
const wrapBody = z.strictObject({ plaintext: z.string().optional(), aad });
const unwrapBody = z.strictObject({ ciphertext: z.string().default(''), aad });
const rotateBody = z.strictObject({
  payload: z.string().optional(),
  encryptedNonce: z.string().optional(),
  iv: z.string().optional(),
  encryptionAlgorithm: z.string().optional(),
});

type IdRequest = FastifyRequest<{ Params: { id: string } }>;

/** Wrap, unwrap, rewrap and rotate: answers are bare objects, not collections. */
export function registerCrypto(kms: FastifyInstance, cloud: Cloud): void {
  kms.post('/keys/:id/actions/wrap', operation('secrets.wrap'), (request: IdRequest) => wrap(cloud, request));
  kms.post('/keys/:id/actions/unwrap', operation('secrets.unwrap'), (request: IdRequest) => unwrap(cloud, request));
  kms.post('/keys/:id/actions/rewrap', operation('secrets.rewrap'), (request: IdRequest) => rewrap(cloud, request));
  kms.post('/keys/:id/actions/rotate', operation('secrets.rotate'), (request: IdRequest, reply) =>
    rotate(cloud, request, reply),
  );
}

function wrap(cloud: Cloud, request: IdRequest): object {
  const key = callOf(request).requireRootKey(request.params.id);
  const input = readBody(wrapBody, request.body ?? {});
  const given = input.plaintext === '' ? undefined : input.plaintext;
  if (given !== undefined && !isBase64(given)) throw notBase64('plaintext', 'a base64 encoded key material', given);
  requireAad(input.aad);
  requireState(key, cloud.clock.now(), [ACTIVE]);
  const plaintext = given === undefined ? randomBytes(GENERATED_KEY_BYTES) : Buffer.from(given, 'base64');
  if (given === undefined && request.logEntry) request.logEntry.madeKey = true;
  const newest = newestOf(key);
  return {
    ...(given === undefined && { plaintext: plaintext.toString('base64') }),
    ciphertext: seal(newest, plaintext, input.aad ?? []),
    keyVersion: { id: newest.id },
  };
}

function unwrap(cloud: Cloud, request: IdRequest): object {
  const { key, opened, aad: data } = openGiven(cloud, request);
  const newest = newestOf(key);
  const moved = opened.version.id !== newest.id;
  return {
    plaintext: opened.plaintext.toString('base64'),
    keyVersion: { id: opened.version.id },
    ...(moved && {
      ciphertext: seal(newest, opened.plaintext, data),
      rewrappedKeyVersion: { id: newest.id },
    }),
  };
}

function rewrap(cloud: Cloud, request: IdRequest): object {
  const { key, opened, aad: data } = openGiven(cloud, request);
  const newest = newestOf(key);
  return {
    ciphertext: seal(newest, opened.plaintext, data),
    keyVersion: { id: opened.version.id },
    rewrappedKeyVersion: { id: newest.id },
  };
}

/** What was wrapped stays readable after the root key expired, but not while it is disabled. */
function openGiven(cloud: Cloud, request: IdRequest) {
  const key = callOf(request).requireRootKey(request.params.id);
  if (request.body === undefined) throw new KmsError('NO_BODY_ERR');
  const input = readBody(unwrapBody, request.body);
  const mustBe = 'the original base64 encoded ciphertext from the wrap operation';
  if (input.ciphertext === '') throw invalidField('ciphertext', mustBe);
  if (!isBase64(input.ciphertext)) throw notBase64('ciphertext', mustBe, input.ciphertext);
  requireAad(input.aad);
  requireState(key, cloud.clock.now(), [ACTIVE, DEACTIVATED]);
  return { key, opened: open(key, input.ciphertext, input.aad ?? []), aad: input.aad ?? [] };
}

async function rotate(cloud: Cloud, request: IdRequest, reply: FastifyReply): Promise<FastifyReply> {
  const now = cloud.clock.now();
  const key = callOf(request).requireRootKey(request.params.id);
  const { payload, encryptedNonce, iv } = readBody(rotateBody, request.body ?? {});
  requireState(key, now, [ACTIVE, DEACTIVATED]);
  if (encryptedNonce !== undefined || iv !== undefined) throw new KmsError('IMPORT_TOKEN_EXPIRED_ERR');
  if (key.imported && payload === undefined) {
    throw new KmsError('KEY_PAYLOAD_REQ_ERR', { target: { type: 'field', name: 'payload' } });
  }
  if (!key.imported && payload !== undefined) throw invalidField('payload', 'absent for a key made by the service');
  if (payload !== undefined) {
    requireMaterial(payload, false);
    requireCreationAllowed(cloud, key.instanceId, false, true);
  }
  // The first rotation may come at any time; the next ones an hour after the last.
  if (key.rotatedAt !== undefined && elapsedMs(key.rotatedAt, now) < HOUR_MS) {
    throw new KmsError('KEY_ROTATION_NOT_PERMITTED');
  }
  const createdAt = toTimestamp(now);
  const material = payload ?? randomBytes(GENERATED_KEY_BYTES).toString('base64');
  const versions = [...key.versions, { id: randomUUID(), material, createdAt }];
  const rotated: KeyRow = { ...key, versions, rotatedAt: createdAt, updatedAt: createdAt };
  await cloud.store.commit(['key', within(key.instanceId, key.id), rotated]);
  return reply.code(204).send();
}

function newestOf(key: KeyRow): KeyVersion {
  const newest = key.versions.at(-1);
  if (!newest) throw new Error(`key ${key.id} has no version`);
  return newest;
}

function requireAad(given: readonly string[] | undefined): void {
  if (!given) return;
  if (given.length > AAD_LIMIT || given.some((text) => text.length > AAD_LIMIT)) {
    throw invalidField('aad', 'at most 255 strings of at most 255 characters');
  }
}

const notBase64 = (field: string, mustBe: string, text: string): KmsError =>
  invalidField(field, `${mustBe}: illegal base64 data at input byte ${illegalByteOf(text)}`);
