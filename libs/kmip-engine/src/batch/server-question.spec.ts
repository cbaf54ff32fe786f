import {
  type OperationRequest,
  type RequestMessage,
  decodeResponseMessage,
  encodeRequestMessage,
} from '@lib/kmip-protocol';
import { anyOperationRequest, aRequest, EngineHarness } from '@lib/testing';
import fc from 'fast-check';

const discover: OperationRequest = { name: 'DiscoverVersions', payload: { protocolVersions: [] } };
const query: OperationRequest = { name: 'Query', payload: { queryFunctions: [1, 2, 3] } };

describe('a question about the server', () => {
  const harness = new EngineHarness();
  const client = harness.scope();
  const atOnce = (message: RequestMessage) => harness.engine.answerAtOnce(encodeRequestMessage(message), client);
  const plain = (requests: readonly OperationRequest[] = [query]): RequestMessage => aRequest(requests);
  const withHeader = (
    header: Partial<RequestMessage['header']>,
    requests: readonly OperationRequest[] = [query],
  ): RequestMessage => {
    const message = plain(requests);
    return { ...message, header: { ...message.header, ...header } };
  };

  it.each<[string, readonly OperationRequest[]]>([
    ['Discover Versions', [discover]],
    ['Query', [query]],
    ['both', [discover, query]],
  ])('%s is answered as any message is, and leaves one event an item to be recorded', async (_, requests) => {
    const before = harness.store.audits.length;
    const answered = atOnce(plain(requests));
    expect(harness.store.audits).toHaveLength(before);
    const { response, events } = answered!;
    const bytes = encodeRequestMessage(plain(requests));
    expect(decodeResponseMessage(response)).toEqual(decodeResponseMessage(await harness.engine.handle(bytes, client)));
    const recorded = harness.store.audits.slice(before);
    expect(events.map((event) => ({ ...event, correlationId: '' }))).toEqual(
      recorded.map((event) => ({ ...event, correlationId: '' })),
    );
    expect(events).toHaveLength(requests.length);
  });

  it('tells its side of a correlation to a client that asks for it', () => {
    const { response, events } = atOnce(
      withHeader({ protocolVersion: { major: 1, minor: 4 }, clientCorrelationValue: 'mine' }),
    )!;
    expect(decodeResponseMessage(response).header.serverCorrelationValue).toBe(events[0]?.correlationId);
  });

  it.each<[string, RequestMessage]>([
    ['a message with credentials', withHeader({ authentication: [{ credentialType: 1, username: 'a' }] as never })],
    ['one that bounds its answer', withHeader({ maximumResponseSize: 512 })],
    ['one of a version that is not spoken', withHeader({ protocolVersion: { major: 1, minor: 9 } })],
    [
      'an operation that its version does not have',
      withHeader({ protocolVersion: { major: 1, minor: 0 } }, [discover]),
    ],
    ['a question with a Get behind it', plain([query, { name: 'Get', payload: {} }])],
    ['no item at all', { ...plain(), batchItems: [] }],
  ])('is not %s', (_, message) => {
    expect(atOnce(message)).toBeUndefined();
    expect(harness.engine.answerAtOnce(encodeRequestMessage(message).subarray(0, 40), client)).toBeUndefined();
  });

  it('never is what concerns a key, whatever it looks like', () => {
    fc.assert(
      fc.property(anyOperationRequest([]), fc.integer({ min: 0, max: 4 }), (request, minor) => {
        const answered = atOnce(withHeader({ protocolVersion: { major: 1, minor } }, [request]));
        const isQuestion = request.name === 'Query' || (request.name === 'DiscoverVersions' && minor > 0);
        if (!isQuestion) expect(answered).toBeUndefined();
      }),
    );
  });
});
