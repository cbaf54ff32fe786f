import { decodeResponseMessage, encodeRequestMessage, ObjectType, versionOf } from '@lib/kmip-protocol';
import { anyOperationRequest, aRequest, EngineHarness, failureCode, propertyRuns, vcenterKey } from '@lib/testing';
import fc from 'fast-check';

const create = encodeRequestMessage(
  aRequest([
    { name: 'Create', payload: { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes: vcenterKey } } },
    { name: 'Get', payload: {} },
    { name: 'Locate', payload: { attributes: vcenterKey } },
  ]),
);

const mutation = fc.record({ at: fc.nat(create.length - 1), byte: fc.integer({ min: 0, max: 255 }) });

const mutated = fc.array(mutation, { minLength: 1, maxLength: 6 }).map((mutations) => {
  const bytes = Buffer.from(create);
  for (const { at, byte } of mutations) bytes[at] = byte;
  return bytes;
});

const garbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

describe('whatever bytes come', () => {
  it.each([
    ['a message with some bytes changed', mutated],
    ['no message at all', garbage],
  ])('%s is answered with a KMIP message, and nothing unexpected happens inside', async (_, bytes) => {
    const harness = new EngineHarness();
    await fc.assert(
      fc.asyncProperty(bytes, async (message) => {
        const answer = decodeResponseMessage(await harness.engine.handle(message, harness.scope()));
        expect(answer.batchItems.length).toBeGreaterThan(0);
        expect(harness.logs).toStrictEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('is answered without `internal` when it can be read', async () => {
    const harness = new EngineHarness();
    const known = [await harness.createKey(), await harness.createKey()];
    await fc.assert(
      fc.asyncProperty(anyOperationRequest(known), fc.integer({ min: 0, max: 4 }), async (request, minor) => {
        const [item] = await harness.batch([request], { protocolVersion: versionOf(1, minor) });
        expect(item && failureCode(item)).not.toBe('internal');
        expect(harness.logs).toStrictEqual([]);
      }),
      propertyRuns(1000),
    );
  });
});
