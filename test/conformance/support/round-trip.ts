import {
  decodeRequestMessage,
  decodeResponseMessage,
  encodeRequestMessage,
  encodeResponseMessage,
  Operation,
  operationCodec,
} from '@lib/kmip-protocol';

import { type DataNode } from './data-node';
import { enumerationNumber } from './names';
import { operationsOf, type TestMessage } from './test-case';

/** Through the typed message and back. A payload that was refused is an error here. */
export function roundTrip(kind: TestMessage['kind'], bytes: Buffer): Buffer {
  if (kind === 'ResponseMessage') return encodeResponseMessage(decodeResponseMessage(bytes));
  const request = decodeRequestMessage(bytes);
  for (const item of request.batchItems) if (item.payloadError !== undefined) throw item.payloadError;
  return encodeRequestMessage(request);
}

/** Operations of a message whose payloads the library does not know; items without an operation do not count. */
export const unbuiltOperations = (message: DataNode): readonly string[] =>
  operationsOf(message)
    .filter((name) => name !== '')
    .map(canonicalName)
    .filter((name) => !isBuilt(name));

const operationNumbers: Readonly<Record<string, number>> = Operation;

/** The name in our tables, whatever the spelling of the source. */
function canonicalName(operation: string): string {
  const number = enumerationNumber('Operation', operation);
  return Object.keys(operationNumbers).find((name) => operationNumbers[name] === number) ?? operation;
}

function isBuilt(operation: string): boolean {
  const number = operationNumbers[operation];
  return number !== undefined && operationCodec(number) !== undefined;
}

/** Counts what became of each message and prints one line per outcome, so that a gap is seen and not only known. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(outcome: string): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  count(outcome: string): number {
    return this.#counts.get(outcome) ?? 0;
  }

  print(title: string): void {
    const lines = [...this.#counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `  ${count}  ${name}`);
    process.stdout.write(`${title}\n${lines.join('\n')}\n`);
  }
}
