import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { documentSource } from './document-source';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The part of a JSON schema that we look into ourselves; ajv reads the rest. */
export interface Schema {
  readonly type?: string;
  readonly default?: string | number | boolean;
  readonly [keyword: string]: unknown;
}

export interface DocumentedParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
}

export interface DocumentedOperation {
  readonly id: string;
  readonly method: Method;
  /** As in the document: `/v1/instances/{id}`. */
  readonly path: string;
  readonly parameters: readonly DocumentedParameter[];
  /** Media type -> schema; empty when the operation has no body. */
  readonly requestBody: Readonly<Record<string, Schema>>;
  /** Status -> media type -> schema. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, Schema>>>>;
}

export interface ApiDocument {
  /** As committed, for `/v1/openapi.json`. */
  readonly source: unknown;
  readonly operations: readonly DocumentedOperation[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const FOLDER = join('docs', 'openapi');

/** The folder with the document and the explorer's files: found upwards, from the sources and from dist alike. */
export function openApiFolder(from: string = __dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, FOLDER);
    if (existsSync(join(candidate, 'tenant-api.yaml'))) return candidate;
    if (folder === dirname(folder)) throw new Error(`${FOLDER}/tenant-api.yaml is not installed above ${from}`);
  }
}

export function loadApiDocument(folder = openApiFolder()): ApiDocument {
  const source = documentSource(folder);
  return { source, operations: operationsOf(source) };
}

/* The document is our own and linted: from here on its shape is taken for granted. */
type Node = Readonly<Record<string, unknown>>;

function operationsOf(source: unknown): DocumentedOperation[] {
  const root = resolve(source as Node, source);
  return Object.entries(root['paths'] as Record<string, Node>).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method] as Node | undefined;
      return operation ? [operationOf(path, method, item, operation)] : [];
    }),
  );
}

function operationOf(path: string, method: string, item: Node, operation: Node): DocumentedOperation {
  const parameters = [item['parameters'], operation['parameters']].flatMap((list) => (list ?? []) as Node[]);
  const body = operation['requestBody'] as { content?: Record<string, { schema: Schema }> } | undefined;
  const answers = operation['responses'] as Record<string, { content?: Record<string, { schema: Schema }> }>;
  return {
    id: operation['operationId'] as string,
    method: method.toUpperCase() as Method,
    path,
    parameters: parameters.map((parameter) => ({
      name: parameter['name'] as string,
      in: parameter['in'] as DocumentedParameter['in'],
      required: parameter['required'] === true,
      schema: parameter['schema'] as Schema,
    })),
    requestBody: schemasOf(body?.content),
    answers: Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, schemasOf(answer.content)])),
  };
}

/** Keys lose their parameters: `application/json; charset=utf-8` is `application/json`. */
function schemasOf(content: Record<string, { schema: Schema }> = {}): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(content).map(([type, { schema }]) => [type.split(';')[0]?.trim() ?? type, schema]),
  );
}

/** Copies with every `$ref` replaced; the document has no recursive schema. */
function resolve(root: Node, value: unknown): Node {
  const visit = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(visit);
    if (typeof node !== 'object' || node === null) return node;
    const reference = (node as Node)['$ref'];
    if (typeof reference === 'string') return visit(lookUp(root, reference));
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, visit(child)]));
  };
  return visit(value) as Node;
}

const lookUp = (root: Node, reference: string): unknown =>
  reference
    .slice('#/'.length)
    .split('/')
    .reduce<unknown>((node, key) => (node as Node)[key], root);
