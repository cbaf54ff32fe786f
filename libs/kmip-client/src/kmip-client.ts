import {
  type Attribute,
  decodeResponseMessage,
  encodeRequestMessage,
  KmipError,
  Operation,
  type OperationName,
  type OperationRequest,
  type OperationRequests,
  type OperationResponses,
  type ProtocolVersion,
  type RequestMessage,
  type ResponseBatchItem,
  type ResponseMessage,
  ResultReason,
  ResultStatus,
  V1_4,
} from '@lib/kmip-protocol';

import { KmipClientError } from './kmip-client.error';
import { MessageExchange } from './message-exchange';
import { openTlsConnection, type TlsConnectionOptions, type TlsSessionFacts } from './tls-connection';

export interface KmipClientOptions extends TlsConnectionOptions {
  /** Version of the messages the convenience methods send; 1.4 unless said otherwise. */
  readonly protocolVersion?: ProtocolVersion;
  readonly requestTimeoutMs?: number;
  /** More than 1 sends requests before earlier ones are answered, for load tests. */
  readonly maximumInFlight?: number;
}

const DEFAULT_VERSION = V1_4;
const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;

/** One operation of a batch. */
export type BatchRequest = OperationRequest;

/** A KMIP client over one mutually authenticated TLS connection. */
export class KmipClient {
  readonly #exchange: MessageExchange;
  readonly #version: ProtocolVersion;

  private constructor(
    exchange: MessageExchange,
    /** What the handshake agreed on. */
    readonly session: TlsSessionFacts,
    version: ProtocolVersion,
  ) {
    this.#exchange = exchange;
    this.#version = version;
  }

  /** @throws KmipClientError */
  static async connect(options: KmipClientOptions): Promise<KmipClient> {
    const { socket, facts } = await openTlsConnection(options);
    const exchange = new MessageExchange(socket, {
      requestTimeoutMs: options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      maximumInFlight: options.maximumInFlight ?? 1,
    });
    return new KmipClient(exchange, facts, options.protocolVersion ?? DEFAULT_VERSION);
  }

  /** Sends bytes as they are, for tests and recordings. */
  sendBytes(request: Buffer): Promise<Buffer> {
    return this.#exchange.send(request);
  }

  /** Sends a whole message; failed items are part of the answer, not an error. */
  async send(request: RequestMessage): Promise<ResponseMessage> {
    return decodeResponseMessage(await this.#exchange.send(encodeRequestMessage(request)));
  }

  /** Sends several operations in one message, each with a batch item id of its own. */
  async batch(requests: readonly BatchRequest[]): Promise<readonly ResponseBatchItem[]> {
    const batchItems = requests.map((request, index) => ({
      operation: Operation[request.name],
      ...(requests.length > 1 && { uniqueBatchItemId: Buffer.from([index + 1]) }),
      request,
    }));
    const header = { protocolVersion: this.#version, batchCount: batchItems.length };
    return (await this.send({ header, batchItems })).batchItems;
  }

  /** One operation. @throws KmipError with the server's Result Reason when it failed. */
  async call<N extends OperationName>(name: N, payload: OperationRequests[N]): Promise<OperationResponses[N]> {
    // The pair was checked by the signature; tsc cannot see that it is a member of the union.
    const [item] = await this.batch([{ name, payload } as OperationRequest]);
    if (item === undefined) throw new KmipClientError('protocol', 'the answer has no batch item');
    if (item.resultStatus !== ResultStatus.Success) throw failureOf(item);
    if (item.response?.name !== name) throw new KmipClientError('protocol', `the answer is none to ${name}`);
    return item.response.payload as OperationResponses[N];
  }

  discoverVersions(protocolVersions: OperationRequests['DiscoverVersions']['protocolVersions'] = []) {
    return this.call('DiscoverVersions', { protocolVersions });
  }

  query(queryFunctions: OperationRequests['Query']['queryFunctions']) {
    return this.call('Query', { queryFunctions });
  }

  create(request: OperationRequests['Create']) {
    return this.call('Create', request);
  }

  get(uniqueIdentifier: string, options: Omit<OperationRequests['Get'], 'uniqueIdentifier'> = {}) {
    return this.call('Get', { uniqueIdentifier, ...options });
  }

  /** Without names: all attributes. */
  getAttributes(uniqueIdentifier: string, attributeNames: readonly string[] = []) {
    return this.call('GetAttributes', { uniqueIdentifier, attributeNames });
  }

  getAttributeList(uniqueIdentifier: string) {
    return this.call('GetAttributeList', { uniqueIdentifier });
  }

  addAttribute(uniqueIdentifier: string, attribute: OperationRequests['AddAttribute']['attribute']) {
    return this.call('AddAttribute', { uniqueIdentifier, attribute });
  }

  activate(uniqueIdentifier: string) {
    return this.call('Activate', { uniqueIdentifier });
  }

  revoke(
    uniqueIdentifier: string,
    revocationReason: OperationRequests['Revoke']['revocationReason'],
    occurredAt?: Date,
  ) {
    const when = occurredAt === undefined ? {} : { compromiseOccurrenceDate: occurredAt };
    return this.call('Revoke', { uniqueIdentifier, revocationReason, ...when });
  }

  destroy(uniqueIdentifier: string) {
    return this.call('Destroy', { uniqueIdentifier });
  }

  locate(attributes: readonly Attribute[], options: Omit<OperationRequests['Locate'], 'attributes'> = {}) {
    return this.call('Locate', { ...options, attributes });
  }

  /** Ends the connection; requests that still wait fail. */
  close(): Promise<void> {
    return this.#exchange.close();
  }
}

function failureOf(item: ResponseBatchItem): KmipError {
  // The number may be one that only newer versions name; it is passed on all the same.
  const reason = (item.resultReason ?? ResultReason.GeneralFailure) as ResultReason;
  return new KmipError(reason, item.resultMessage ?? 'the server gave no message');
}
