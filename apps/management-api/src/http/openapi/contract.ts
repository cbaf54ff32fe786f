import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

import { ApiError, type ApiFault } from '../api-error';
import { DRY_RUN_HEADER } from '../dry-run';
import { bareMediaType } from '../media-types';
import { parseStrictQuery, readAs, StrictQueryError } from '../strict-query';
import { type DocumentedOperation, type DocumentedParameter, type Schema } from './document';

export type QueryValues = Readonly<Record<string, string | number | boolean>>;

/** Formats of the document that are names for people; their patterns do the checking. */
const NAMED_FORMATS = ['identifier', 'crn', 'int32', 'int64', 'date', 'password', 'url', 'byte', 'binary'];

const { validate } = addFormats.get('date-time') as { readonly validate: (text: string) => boolean };

/** Leap seconds are in the standard, and in no Date: whoever made one of them would have an invalid one. */
const isDateTime = (text: string): boolean => validate(text) && !Number.isNaN(Date.parse(text));

function newAjv(): Ajv {
  const ajv = new Ajv({ strict: false, coerceTypes: false, removeAdditional: false, useDefaults: false });
  ajv.addFormat('date-time', isDateTime);
  for (const format of NAMED_FORMATS) ajv.addFormat(format, true);
  return ajv;
}

interface CheckedParameter extends DocumentedParameter {
  readonly check: ValidateFunction;
}

/**
 * What the document demands of one operation's requests and answers. Each schema is compiled when it is first asked, and kept
 * by the compiler: together they would take a third of a second of each start.
 */
export class OperationContract {
  readonly #ajv: Ajv;
  readonly #path: readonly CheckedParameter[];
  readonly #query: ReadonlyMap<string, CheckedParameter>;
  readonly #headers: readonly CheckedParameter[];
  readonly #bodies: ReadonlyMap<string, Schema>;
  readonly #answers = new Map<string, ValidateFunction>();
  /** Whether `IBM-API-Dry-Run` is documented. */
  readonly hasDryRun: boolean;
  /** Media types that a successful answer can have. */
  readonly answerTypes: readonly string[];

  constructor(
    readonly operation: DocumentedOperation,
    ajv: Ajv = newAjv(),
  ) {
    this.#ajv = ajv;
    const checked = operation.parameters.map((parameter) => ({
      ...parameter,
      get check() {
        return ajv.compile(parameter.schema);
      },
    }));
    this.#path = checked.filter((parameter) => parameter.in === 'path');
    this.#query = new Map(checked.filter(({ in: where }) => where === 'query').map((entry) => [entry.name, entry]));
    this.#headers = checked.filter((parameter) => parameter.in === 'header');
    this.hasDryRun = this.#headers.some(({ name }) => name === DRY_RUN_HEADER);
    this.#bodies = new Map(
      Object.entries(operation.requestBody).map(([type, schema]) => [type, closed(schema) as Schema]),
    );
    const successes = Object.entries(operation.answers).filter(([status]) => status.startsWith('2'));
    const types = new Set(successes.flatMap(([, content]) => Object.keys(content)));
    this.answerTypes = types.size > 0 ? [...types] : ['application/json'];
  }

  /** False when a path parameter cannot be an identifier: then there is no such resource. */
  acceptsPath(values: Readonly<Record<string, string>>): boolean {
    return this.#path.every(({ name, check }) => check(values[name]));
  }

  /** @throws ApiError 400 */
  readQuery(target: string): QueryValues {
    const given = readRaw(target);
    const values: Record<string, string | number | boolean> = {};
    for (const [name, text] of given) {
      const parameter = this.#query.get(name);
      const at: ApiFault['target'] = { type: 'parameter', name: name.slice(0, 128) || '(empty)' };
      if (!parameter) throw ApiError.of(400, 'unknown_parameter', 'There is no such query parameter.', at);
      const value = readAs(parameter.schema.type, text);
      if (!parameter.check(value)) throw ApiError.of(400, 'invalid_parameter', wording(parameter.check), at);
      values[name] = value;
    }
    for (const { name, required, schema } of this.#query.values()) {
      if (name in values) continue;
      if (required) {
        throw ApiError.of(400, 'missing_parameter', 'This query parameter is required.', { type: 'parameter', name });
      }
      if (schema.default !== undefined) values[name] = schema.default;
    }
    return values;
  }

  /** @throws ApiError 400 for a documented header that is missing or malformed. */
  checkHeaders(headers: Readonly<Record<string, string | readonly string[] | undefined>>): void {
    const changes = this.operation.method !== 'GET';
    if (changes && !this.hasDryRun && headers[DRY_RUN_HEADER.toLowerCase()] !== undefined) throw noDryRun();
    for (const { name, required, check } of this.#headers) {
      const value = headers[name.toLowerCase()];
      const at = { type: 'header', name } as const;
      if (value === undefined) {
        if (required) throw ApiError.of(400, 'missing_header', 'This header is required.', at);
      } else if (!check(value)) {
        throw ApiError.of(400, 'invalid_header', wording(check), at);
      }
    }
  }

  /** @throws ApiError 415 when the operation takes a body and not of this type. */
  checkMediaType(header: string | undefined): void {
    if (this.#bodies.size === 0 || this.#bodies.has(bareMediaType(header))) return;
    const wanted = [...this.#bodies.keys()].join(', ');
    throw ApiError.of(415, 'unsupported_media_type', `The body must be ${wanted}.`, {
      type: 'header',
      name: 'Content-Type',
    });
  }

  /** @throws ApiError 400 */
  checkBody(header: string | undefined, body: unknown): void {
    const schema = this.#bodies.get(bareMediaType(header));
    if (!schema) return;
    const check = this.#ajv.compile(schema);
    if (body === undefined) throw ApiError.of(400, 'invalid_body', 'The request has no body.');
    if (!check(body)) throw new ApiError(400, [faultOf(check.errors?.[0])]);
  }

  /** Why an answer is not what the document says, or undefined. */
  answerFault(status: number, body: unknown): string | undefined {
    const content = this.operation.answers[String(status)];
    if (!content) return `status ${status} is not documented`;
    const schema = content['application/json'];
    if (!schema) return body === undefined ? undefined : `status ${status} has no JSON body`;
    const check = this.#answers.get(String(status)) ?? this.#ajv.compile(closed(schema) as Schema);
    this.#answers.set(String(status), check);
    return check(body) ? undefined : `${check.errors?.[0]?.instancePath ?? ''} ${wording(check)}`;
  }
}

/** Whoever asks for a dry run must never get the deed. */
const noDryRun = (): ApiError =>
  ApiError.of(
    400,
    'invalid_header',
    'This operation has no dry run: nothing was done. Leave the header out to do it.',
    {
      type: 'header',
      name: DRY_RUN_HEADER,
    },
  );

/** Contracts that share one compiler. */
export function contractsOf(operations: readonly DocumentedOperation[]): ReadonlyMap<string, OperationContract> {
  const ajv = newAjv();
  return new Map(operations.map((operation) => [operation.id, new OperationContract(operation, ajv)]));
}

/**
 * Unknown fields are refused everywhere. The document leaves `additionalProperties` out, as IBM's linter wants it for
 * generated clients, so it is put in here.
 */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in copy ? { ...copy, additionalProperties: false } : copy;
}

function readRaw(target: string): ReadonlyMap<string, string> {
  try {
    return parseStrictQuery(target);
  } catch (error) {
    if (!(error instanceof StrictQueryError)) throw error;
    const at: ApiFault['target'] = { type: 'parameter', name: error.parameter?.slice(0, 128) ?? '(name)' };
    if (error.fault === 'duplicate') {
      throw ApiError.of(400, 'duplicate_parameter', 'This query parameter is given twice.', at);
    }
    throw ApiError.of(400, 'invalid_parameter', 'The query string has a malformed percent sequence.', at);
  }
}

/** Names the rule and never the value, which may be a secret. */
const wording = (check: ValidateFunction): string => `The value ${check.errors?.[0]?.message ?? 'is not valid'}.`;

function faultOf(error: ErrorObject | undefined): ApiFault {
  if (!error) return { code: 'invalid_body', message: 'The body is not valid.' };
  const at = fieldPath(error.instancePath);
  // ajv types its parameters loosely; these two keywords always carry the name.
  const parameters = error.params as { missingProperty?: string; additionalProperty?: string };
  if (error.keyword === 'required') return fieldFault('missing_field', at, parameters.missingProperty, 'is required');
  if (error.keyword === 'additionalProperties') {
    return fieldFault('unknown_field', at, parameters.additionalProperty, 'is not known here');
  }
  const message = error.message ?? 'is not valid';
  return at === ''
    ? { code: 'invalid_body', message: `The body ${message}.` }
    : fieldFault('invalid_field', at, undefined, message);
}

function fieldFault(code: ApiFault['code'], parent: string, child: string | undefined, problem: string): ApiFault {
  const name = [parent, child?.slice(0, 128)].filter((part) => part !== undefined && part !== '').join('.');
  return { code, message: `The field ${problem}.`, target: { type: 'field', name: name || '(empty)' } };
}

/** `/steps/0/code` -> `steps[0].code` */
const fieldPath = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`), '');
