import { newCorrelationId } from '@lib/kernel';
import {
  Operation,
  type OperationRequest,
  type RequestMessage,
  decodeResponseMessage,
  encodeRequestMessage,
} from '@lib/kmip-protocol';
import { anyOperationRequest, aRequest, EngineHarness, propertyRuns } from '@lib/testing';
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
    [
      'one that is long, since so is its answer',
      { ...plain(), batchItems: [{ ...plain().batchItems[0]!, uniqueBatchItemId: Buffer.alloc(4_096) }] },
    ],
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

  const rarely = <T>(value: fc.Arbitrary<T>) =>
    fc.oneof({ arbitrary: fc.constant(undefined), weight: 9 }, { arbitrary: value, weight: 1 });
  const versions = fc.record({ major: fc.constantFrom(1, 1, 1, 2), minor: fc.nat({ max: 4 }) });
  const header = fc.record({
    protocolVersion: fc.record({ major: fc.constant(1), minor: fc.nat({ max: 5 }) }),
    clientCorrelationValue: rarely(fc.constant('mine')),
    asynchronousIndicator: rarely(fc.boolean()),
    attestationCapableIndicator: rarely(fc.boolean()),
    attestationTypes: rarely(fc.array(fc.nat({ max: 9 }), { maxLength: 2 })),
    batchErrorContinuationOption: rarely(fc.nat({ max: 4 })),
    batchOrderOption: rarely(fc.boolean()),
    timeStamp: rarely(fc.constant(new Date(0))),
    maximumResponseSize: rarely(fc.nat({ max: 2_000 })),
  });
  const request = fc.oneof(
    fc
      .array(fc.nat({ max: 15 }), { maxLength: 12 })
      .map((queryFunctions): OperationRequest => ({ name: 'Query', payload: { queryFunctions } })),
    fc
      .array(versions, { maxLength: 6 })
      .map((protocolVersions): OperationRequest => ({ name: 'DiscoverVersions', payload: { protocolVersions } })),
  );
  const item = fc.record({
    request,
    idLength: fc.constantFrom(0, 1, 8, 8, 8, 2_000, 70_000),
    criticalityIndicator: rarely(fc.boolean()),
  });
  const damage = rarely(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat({ max: 255 })));

  /** Any message about the server alone that can be written on the wire, and some that were damaged on it. */
  const anyQuestion = fc.tuple(header, fc.array(item, { maxLength: 3 }), damage).map(([fields, items, damaged]) => {
    const message = {
      header: { ...fields, batchCount: items.length },
      batchItems: items.map(({ request: asked, idLength, criticalityIndicator }) => ({
        operation: Operation[asked.name],
        request: asked,
        uniqueBatchItemId: Buffer.alloc(idLength, 7),
        ...(criticalityIndicator !== undefined && {
          messageExtension: { vendorIdentification: 'ACME', criticalityIndicator, vendorExtension: [] },
        }),
      })),
    };
    const bytes = encodeRequestMessage(message as RequestMessage);
    if (damaged) bytes[Math.floor(damaged[0] * bytes.length)] = damaged[1];
    return bytes;
  });

  it('is answered in the very bytes of any message, or not at all, and recorded and counted alike', async () => {
    const one = newCorrelationId();
    const { engine, store, observations } = new EngineHarness({
      dependencies: { newCorrelationId: () => one },
    });
    // As of an instance whose clients take their large answers slowly.
    const answerMemory = { hold: (bytes: number) => bytes <= 65_536 };
    const scope = { ...client, store, answerMemory };
    let answeredAtOnce = 0;
    await fc.assert(
      fc.asyncProperty(anyQuestion, async (bytes) => {
        observations.length = 0;
        const answered = engine.answerAtOnce(Buffer.from(bytes), scope);
        if (answered === undefined) return;
        answeredAtOnce += 1;
        const counted = observations.splice(0);
        const before = store.audits.length;
        const response = await engine.handle(bytes, scope);
        expect(answered.response.toString('hex')).toBe(response.toString('hex'));
        expect(answered.events).toEqual(store.audits.slice(before));
        expect(counted).toEqual(observations);
      }),
      propertyRuns(400),
    );
    expect(answeredAtOnce).toBeGreaterThan(30);
  });
});
