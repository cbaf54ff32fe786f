import { readFileSync } from 'node:fs';

import { childrenOf, type DataNode, textOf } from './data-node';
import { readXml } from './xml-reader';

export interface TestMessage {
  readonly kind: 'RequestMessage' | 'ResponseMessage';
  readonly node: DataNode;
}

/** A request and the answer the test expects. */
export interface Exchange {
  readonly request: DataNode;
  readonly response: DataNode;
}

/** One official test file. */
export interface TestCase {
  /** Every message, in the order of the file. */
  readonly messages: readonly TestMessage[];
  /** The messages in pairs; `undefined` when requests and responses do not alternate. */
  readonly exchanges: readonly Exchange[] | undefined;
}

/** @throws XmlError when the file is not well-formed. */
export function loadTestCase(path: string): TestCase {
  const messages = childrenOf(readXml(readFileSync(path, 'utf8'))).filter(isMessage);
  return { messages: messages.map((node) => ({ kind: node.tag, node })), exchanges: pair(messages) };
}

type MessageNode = DataNode & { readonly tag: TestMessage['kind'] };

const isMessage = (node: DataNode): node is MessageNode =>
  node.tag === 'RequestMessage' || node.tag === 'ResponseMessage';

function pair(messages: readonly MessageNode[]): readonly Exchange[] | undefined {
  const exchanges: Exchange[] = [];
  for (let at = 0; at < messages.length; at += 2) {
    const [request, response] = [messages[at], messages[at + 1]];
    if (request?.tag !== 'RequestMessage' || response?.tag !== 'ResponseMessage') return undefined;
    exchanges.push({ request, response });
  }
  return exchanges;
}

/** Names of the operations of a message; an item without one gives an empty name. */
export const operationsOf = (message: DataNode): readonly string[] =>
  childrenOf(message)
    .filter((child) => child.tag === 'BatchItem')
    .map((item) => textOf(item, 'Operation') ?? '');
