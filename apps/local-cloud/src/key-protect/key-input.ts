import { z } from 'zod';
import { isBase64, illegalByteOf } from './base64';
import { KEY_TYPE } from './key-representation';
import { badBody, invalidField, KmsError } from './kms.errors';

const envelope = z.strictObject({ metadata: z.unknown().optional(), resources: z.array(z.unknown()).optional() });
const metadata = z.strictObject({ collectionType: z.string(), collectionTotal: z.number() });

const keyResource = z.strictObject({
  type: z.string().optional(),
  name: z.string().optional(),
  aliases: z.array(z.string()).optional(),
  description: z.string().optional(),
  tags: z.array(z.string()).optional(),
  expirationDate: z.string().optional(),
  extractable: z.boolean().optional(),
  payload: z.string().optional(),
  encryptedNonce: z.string().optional(),
  iv: z.string().optional(),
  encryptionAlgorithm: z.string().optional(),
});

export type KeyResource = z.output<typeof keyResource>;

const STANDARD_PAYLOAD_BYTES = 7500;
const ROOT_PAYLOAD_BYTES = [16, 24, 32];
const ALIASES_PER_KEY = 5;
const TAGS_PER_KEY = 30;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const RESERVED_ALIASES = new Set(
  'allowed_ip key keys metadata policy policies registration registrations ring rings rotate wrap unwrap rewrap version versions'.split(
    ' ',
  ),
);

/** Reads a body of known shape; a field nobody knows is refused, as the service's own decoder does. */
export function readBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue?.code === 'unrecognized_keys') throw badBody(`json: unknown field "${issue.keys[0] ?? ''}"`);
  throw badBody(`json: cannot unmarshal field ${issue?.path.join('.') ?? ''}`);
}

/** The single resource of a collection. */
export function readEnvelope<T extends z.ZodType>(resource: T, body: unknown, onlyOne: string): z.output<T> {
  if (body === undefined) throw new KmsError('NO_BODY_ERR');
  const { metadata: given, resources = [] } = readBody(envelope, body);
  if (typeof given !== 'object' || given === null || Object.keys(given).length === 0) {
    throw badBody('CollectionMetadata is empty');
  }
  const { collectionTotal } = readBody(metadata, given);
  if (resources.length !== 1) throw badBody(onlyOne);
  if (collectionTotal !== resources.length) throw new KmsError('COLLECTION_TOTAL_MISMATCH_ERR');
  return readBody(resource, resources[0]);
}

/** A key to be created, held against the published limits. */
export function readNewKey(body: unknown, now: Date): KeyResource & { name: string; extractable: boolean } {
  const resource = readEnvelope(keyResource, body, 'Only creation of one key per request is supported');
  const { name = '', extractable = true } = resource;
  requireLength('name', name, 2, 90);
  requireLabels(resource);
  if (resource.expirationDate !== undefined) requireFuture(resource.expirationDate, now);
  if (resource.payload !== undefined) requireMaterial(resource.payload, extractable);
  return { ...resource, name, extractable };
}

function requireLabels({ type = KEY_TYPE, description, tags = [], aliases = [] }: KeyResource): void {
  if (type !== KEY_TYPE) throw invalidField('type', KEY_TYPE);
  if (description !== undefined) requireLength('description', description, 2, 240);
  if (tags.length > TAGS_PER_KEY || tags.some((tag) => tag.length > 30 || /[<>,:&|]/.test(tag))) {
    throw invalidField('tags', 'at most 30 tags of at most 30 characters without < > , : & |');
  }
  if (aliases.length > ALIASES_PER_KEY || new Set(aliases).size !== aliases.length) {
    throw invalidField('aliases', 'at most 5 different aliases');
  }
  for (const alias of aliases) requireAlias(alias);
}

export function requireMaterial(payload: string, extractable: boolean): void {
  if (!isBase64(payload)) {
    throw invalidField(
      'payload',
      `a base64 encoded key material: illegal base64 data at input byte ${illegalByteOf(payload)}`,
    );
  }
  const bytes = Buffer.byteLength(payload, 'base64');
  if (extractable) {
    if (bytes === 0 || bytes > STANDARD_PAYLOAD_BYTES)
      throw invalidField('payload', 'at most 7500 bytes of key material');
  } else if (!ROOT_PAYLOAD_BYTES.includes(bytes)) {
    throw invalidField('payload', '16, 24 or 32 bytes of key material');
  }
}

export function requireAlias(alias: string): void {
  const fits = /^[A-Za-z0-9_-]{2,90}$/.test(alias) && !UUID.test(alias) && !RESERVED_ALIASES.has(alias);
  if (!fits) throw invalidField('alias', '2 to 90 letters, digits, - or _, neither a UUID nor a reserved word');
}

function requireLength(field: string, text: string, min: number, max: number): void {
  if (text.length < min || text.length > max) throw invalidField(field, `${min} to ${max} characters long`);
}

function requireFuture(expirationDate: string, now: Date): void {
  const time = RFC_3339.test(expirationDate) ? Date.parse(expirationDate) : Number.NaN;
  if (!(time > now.getTime())) throw invalidField('expirationDate', 'a date in the future, as RFC 3339 writes it');
}
