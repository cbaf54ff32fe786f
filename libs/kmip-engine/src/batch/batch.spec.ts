import {
  BatchErrorContinuationOption,
  CredentialType,
  decodeResponseMessage,
  encodeRequestMessage,
  ObjectType,
  type OperationRequest,
  type RequestMessage,
  ResultReason,
  ResultStatus,
  V1_0,
  V1_1,
  V1_2,
  V1_3,
  V1_4,
  versionOf,
} from '@lib/kmip-protocol';
import { DomainError, Secret } from '@lib/kernel';
import { type MessageRoute, OperationFailure } from '@lib/kmip-engine';
import { EngineHarness, aRequest, attribute, failureCode, nameValue, reasonName, vcenterKey } from '@lib/testing';

class CatalogAway extends DomainError {
  readonly code = 'database_unavailable';
}

/** Leads to the one instance there is. */
const routeOf = (harness: EngineHarness, judge: MessageRoute['judge']): MessageRoute => ({
  judge,
  births: () => Promise.resolve(harness.scope()),
  holding: () => Promise.resolve(harness.scope()),
});

const create = (...extra: Parameters<typeof attribute>[]): OperationRequest => ({
  name: 'Create',
  payload: {
    objectType: ObjectType.SymmetricKey,
    templateAttribute: { attributes: [...vcenterKey, ...extra.map((each) => attribute(...each))] },
  },
});
const get: OperationRequest = { name: 'Get', payload: {} };
const activate: OperationRequest = { name: 'Activate', payload: {} };
const missing: OperationRequest = { name: 'Get', payload: { uniqueIdentifier: 'nobody' } };
const query: OperationRequest = { name: 'Query', payload: { queryFunctions: [1, 2] } };

/** Credential Value of Db2 11.1: a Byte String that holds a vendor's items. */
const DB2_CREDENTIAL_VALUE = Buffer.from(
  '4200250800000018' + '5400010100000010' + '5400040700000003' + '4442320000000000',
  'hex',
);

const aCredential = { credentialType: CredentialType.UsernameAndPassword, username: 'vSphere' };

describe('a batch', () => {
  let harness: EngineHarness;
  beforeEach(() => {
    harness = new EngineHarness();
  });
  const outcomes = async (requests: readonly OperationRequest[], option?: number) => {
    const items = await harness.batch(requests, option === undefined ? {} : { batchErrorContinuationOption: option });
    return items.map((item) => `${item.uniqueBatchItemId?.toString('hex') ?? ''} ${failureCode(item) ?? 'ok'}`);
  };

  it('runs in order and hands the new key on to items that name none', async () => {
    expect(await outcomes([create(), activate, get])).toStrictEqual(['01 ok', '02 ok', '03 ok']);
    expect(harness.store.objects()).toMatchObject([{ state: 'Active', fresh: false }]);
  });

  it.each([undefined, BatchErrorContinuationOption.Stop])(
    'stops at a failure and returns nothing of the rest (%s)',
    async (option) => {
      expect(await outcomes([create(), missing, create()], option)).toStrictEqual(['01 ok', '02 unknown_object']);
      expect(harness.store.objects()).toHaveLength(1);
    },
  );

  it('goes on after a failure when asked to', async () => {
    const option = BatchErrorContinuationOption.Continue;
    expect(await outcomes([missing, create(), get], option)).toStrictEqual(['01 unknown_object', '02 ok', '03 ok']);
  });

  it('counts in its header what it returns', async () => {
    const { header } = await harness.exchange(aRequest([create(), missing, create()]));
    expect(header.batchCount).toBe(2);
  });

  it('keeps no key for the next message: the placeholder dies with its own', async () => {
    await harness.batch([create()]);
    const answer = await harness.attempt('Get', {});
    expect([reasonName(answer.resultReason), failureCode(answer)]).toStrictEqual(['ItemNotFound', 'no_identifier']);
  });

  it('takes the placeholder from a Locate with one hit and empties it with several or none', async () => {
    await harness.createKey([attribute('Name', nameValue('one'))]);
    await harness.createKey();
    const locate = (name?: string): OperationRequest => ({
      name: 'Locate',
      payload: { attributes: name === undefined ? [] : [attribute('Name', nameValue(name))] },
    });
    expect(await outcomes([locate('one'), get])).toStrictEqual(['01 ok', '02 ok']);
    expect(await outcomes([create(), locate(), get])).toStrictEqual(['01 ok', '02 ok', '03 no_identifier']);
    expect(await outcomes([create(), locate('none'), get])).toStrictEqual(['01 ok', '02 ok', '03 no_identifier']);
  });

  it('yields between items: other work gets its turn in a long batch', async () => {
    let turns = 0;
    let running = true;
    const other = (): void => {
      turns += 1;
      if (running) setImmediate(other);
    };
    setImmediate(other);
    await harness.batch(Array.from({ length: 50 }, () => query));
    running = false;
    expect(turns).toBeGreaterThanOrEqual(49);
  });
});

describe('a message that is refused as a whole', () => {
  const two = aRequest([create(), create()]);
  const withHeader = (header: Partial<RequestMessage['header']>): RequestMessage => ({
    ...two,
    header: { ...two.header, ...header },
  });
  const extension = (criticalityIndicator: boolean): RequestMessage => ({
    ...aRequest([create()]),
    batchItems: aRequest([create()]).batchItems.map((item) => ({
      ...item,
      messageExtension: { vendorIdentification: 'Acme', criticalityIndicator, vendorExtension: [] },
    })),
  });
  const unnamed = {
    ...two,
    batchItems: two.batchItems.map(({ operation, request }) => ({ operation, request: request! })),
  };

  const cases: readonly (readonly [string, RequestMessage, string, string])[] = [
    [
      'Undo',
      withHeader({ batchErrorContinuationOption: BatchErrorContinuationOption.Undo }),
      'FeatureNotSupported',
      'undo_not_supported',
    ],
    ['too small a Batch Count', withHeader({ batchCount: 1 }), 'InvalidMessage', 'from the codec'],
    ['too large a Batch Count', withHeader({ batchCount: 3 }), 'InvalidMessage', 'from the codec'],
    ['items without identifiers', unnamed, 'InvalidMessage', 'batch_item_id_missing'],
    ['no items', { header: { ...two.header, batchCount: 0 }, batchItems: [] }, 'InvalidMessage', 'batch_empty'],
    ['1,001 items', aRequest(Array.from({ length: 1001 }, () => query)), 'InvalidMessage', 'batch_too_long'],
    ['a critical extension', extension(true), 'FeatureNotSupported', 'critical_extension'],
  ];
  it.each(cases)('%s', async (_, message, reason, code) => {
    const harness = new EngineHarness();
    const { header, batchItems } = await harness.exchange(message);
    expect(header).toMatchObject({ batchCount: 1, protocolVersion: V1_1 });
    expect(batchItems.map((item) => [reasonName(item.resultReason), failureCode(item) ?? code])).toStrictEqual([
      [reason, code],
    ]);
    expect(batchItems[0]?.operation).toBe(message.batchItems.length === 1 ? 1 : undefined);
    expect(harness.store.objects()).toHaveLength(0);
  });

  it('an extension that is not critical is no reason', async () => {
    const { batchItems } = await new EngineHarness().exchange(extension(false));
    expect(batchItems[0]?.resultStatus).toBe(ResultStatus.Success);
  });

  it('a minor version we do not know, answered in that version', async () => {
    const message = withHeader({ protocolVersion: { major: 1, minor: 5 } });
    const { header, batchItems } = await new EngineHarness().exchange(message);
    expect(header.protocolVersion).toStrictEqual({ major: 1, minor: 5 });
    expect(batchItems.map((item) => failureCode(item))).toStrictEqual(['unsupported_version']);
  });

  it.each([
    [2, 1],
    [0, 9],
    [0x7fffffff, -1],
    [1, 1000],
  ])('version %s.%s, answered in the newest of ours', async (major, minor) => {
    const harness = new EngineHarness();
    const bytes = encodeRequestMessage(two);
    // Request Message, Request Header, Protocol Version, Major: its value stands at byte 32, Minor's at 48.
    bytes.writeInt32BE(major, 32);
    bytes.writeInt32BE(minor, 48);
    const { header, batchItems } = decodeResponseMessage(await harness.engine.handle(bytes, harness.scope()));
    expect(header.protocolVersion).toStrictEqual(V1_4);
    expect(batchItems.map(({ resultReason }) => reasonName(resultReason))).toStrictEqual(['InvalidMessage']);
  });

  it('bytes that are no message, in the version that can still be read', async () => {
    const harness = new EngineHarness();
    const bytes = encodeRequestMessage(aRequest([create()], { protocolVersion: V1_3 }));
    for (let cut = 0; cut < bytes.length; cut++) {
      const broken = Buffer.from(bytes.subarray(0, cut));
      const { header, batchItems } = decodeResponseMessage(await harness.engine.handle(broken, harness.scope()));
      expect(batchItems).toHaveLength(1);
      expect(batchItems[0]).toMatchObject({ resultStatus: 1, resultReason: ResultReason.InvalidMessage });
      expect(batchItems[0]?.operation).toBeUndefined();
      expect([0, 3]).toContain(header.protocolVersion.minor);
    }
    expect(harness.store.objects()).toHaveLength(0);
    expect(harness.store.audits).toHaveLength(bytes.length);
    expect(harness.store.audits[0]).toMatchObject({
      action: 'vmware-solutions.kmip-server.refuse',
      outcome: 'failure',
    });
  });
});

describe('a client of several instances', () => {
  it('is served each item where it belongs, and each trail has its own', async () => {
    const [home, elsewhere] = [new EngineHarness(), new EngineHarness()];
    const key = await elsewhere.createKey();
    const route: MessageRoute = {
      judge: () => Promise.resolve(),
      births: () => Promise.resolve(home.scope()),
      holding: (id) => Promise.resolve(id === key ? elsewhere.scope() : home.scope()),
    };
    const before = elsewhere.store.audits.length;
    const fetched: OperationRequest = { name: 'Get', payload: { uniqueIdentifier: key } };
    const items = await home.batch([create(), activate, fetched, query], {}, { route });
    expect(items.map((item) => failureCode(item))).toStrictEqual([undefined, undefined, undefined, undefined]);
    expect(home.store.objects()).toMatchObject([{ state: 'Active' }]);
    const actions = ({ store }: EngineHarness) => store.audits.map(({ action }) => action.replace(/.*\./, ''));
    expect(actions(home)).toStrictEqual(['create', 'activate', 'query']);
    expect(actions(elsewhere).slice(before)).toStrictEqual(['read']);
  });

  it('is told why no key is born, in the trail that it counts for', async () => {
    const harness = new EngineHarness();
    const refuse = () => Promise.reject(new OperationFailure('certificate_unproven'));
    const route: MessageRoute = { judge: () => Promise.resolve(), births: refuse, holding: refuse };
    const [item] = await harness.batch([create()], {}, { route });
    expect([reasonName(item?.resultReason), failureCode(item!)]).toStrictEqual([
      'PermissionDenied',
      'certificate_unproven',
    ]);
    expect(harness.store.audits).toMatchObject([{ outcome: 'failure', reason: 'certificate_unproven' }]);
  });
});

describe('header fields', () => {
  it('answers in the version of each message', async () => {
    const harness = new EngineHarness();
    for (let minor = 0; minor <= 4; minor++) {
      const { header } = await harness.exchange(aRequest([query], { protocolVersion: versionOf(1, minor) }));
      expect(header.protocolVersion).toStrictEqual(versionOf(1, minor));
      expect(header.timeStamp).toStrictEqual(harness.clock.now());
    }
  });

  it('carries on synchronously when asynchronous work is allowed, and minds no time stamp', async () => {
    const header = { asynchronousIndicator: true, timeStamp: new Date(0), batchOrderOption: true };
    const [item] = await new EngineHarness().batch([create()], header);
    expect(item?.resultStatus).toBe(ResultStatus.Success);
  });

  it('names its own correlation value to a client that names one, where the version has it', async () => {
    const harness = new EngineHarness();
    const header = { protocolVersion: V1_4, clientCorrelationValue: 'mine' };
    const answer = await harness.exchange(aRequest([query], header));
    expect(answer.header.serverCorrelationValue).toBe(harness.store.audits[0]?.correlationId);
    expect((await harness.exchange(aRequest([query]))).header).not.toHaveProperty('serverCorrelationValue');
  });

  it.each([
    [256, 'response_too_large'],
    [2048, undefined],
  ])('keeps to a Maximum Response Size of %s', async (maximumResponseSize, code) => {
    const [item] = await new EngineHarness().batch([query], { maximumResponseSize });
    expect(failureCode(item!)).toBe(code);
  });

  it('measures the whole response to the byte', async () => {
    const harness = new EngineHarness();
    const ask = (maximumResponseSize: number) => encodeRequestMessage(aRequest([query], { maximumResponseSize }));
    const full = (await harness.engine.handle(ask(100_000), harness.scope())).length;
    const codeAt = async (size: number) =>
      failureCode(decodeResponseMessage(await harness.engine.handle(ask(size), harness.scope())).batchItems[0]!);
    expect(await codeAt(full)).toBeUndefined();
    expect(await codeAt(full - 1)).toBe('response_too_large');
  });

  it('judges a credential if anybody can, and never minds its absence', async () => {
    const harness = new EngineHarness();
    const authentication = [aCredential];
    const judge = (verdict: boolean) => {
      const judged = () => (verdict ? Promise.resolve() : Promise.reject(new OperationFailure('credential_wrong')));
      return { route: routeOf(harness, judged) };
    };
    const code = async (header: object, scope: object) => {
      const [item] = await harness.batch([create()], header, scope);
      return [reasonName(item?.resultReason), failureCode(item!)];
    };
    expect(await code({ authentication }, judge(false))).toStrictEqual([
      'AuthenticationNotSuccessful',
      'credential_wrong',
    ]);
    expect(await code({ authentication }, judge(true))).toStrictEqual([undefined, undefined]);
    expect(await code({}, judge(false))).toStrictEqual([undefined, undefined]);
    expect(await code({ authentication }, {})).toStrictEqual([undefined, undefined]);
  });
});

describe('credentials', () => {
  afterEach(() => jest.restoreAllMocks());
  const message = (header: Partial<RequestMessage['header']>, request: OperationRequest): Buffer =>
    encodeRequestMessage(
      aRequest([request], {
        authentication: [
          { credentialType: CredentialType.UsernameAndPassword, username: 'a', password: Secret.fromText('secret') },
        ],
        ...header,
      }),
    );
  const query: OperationRequest = { name: 'Query', payload: { queryFunctions: [] } };

  it.each<[string, Buffer]>([
    ['is carried out', message({}, get)],
    ['is refused as a whole', message({ protocolVersion: versionOf(1, 9) }, get)],
    ['is a question', message({}, query)],
    [
      'is a question that is refused',
      message({ batchErrorContinuationOption: BatchErrorContinuationOption.Undo }, query),
    ],
  ])('are wiped when their message %s', async (_, bytes) => {
    const made = jest.spyOn(Secret, 'of');
    const harness = new EngineHarness();
    harness.engine.answerAtOnce(bytes, harness.scope());
    await harness.engine.handle(bytes, harness.scope());
    expect(made.mock.calls.map(([secret]) => secret.toString())).toEqual(Array(2).fill('\0'.repeat('secret'.length)));
  });
});

describe('Db2 11.1', () => {
  it('activates: vendor credential as a Byte String, identifier with its padding counted', async () => {
    const harness = new EngineHarness();
    const [created] = await harness.batch([create()]);
    const id = harness.store.objects()[0]?.uniqueIdentifier ?? '';
    const response = await harness.exchange(
      aRequest([{ name: 'Activate', payload: { uniqueIdentifier: id + '\0'.repeat(8 - (id.length % 8)) } }], {
        protocolVersion: V1_0,
        authentication: [{ credentialType: 0x80000001, encodedValue: Secret.of(DB2_CREDENTIAL_VALUE) }],
      }),
    );
    expect(created?.resultStatus).toBe(ResultStatus.Success);
    expect(response.batchItems).toMatchObject([
      { resultStatus: ResultStatus.Success, response: { name: 'Activate', payload: { uniqueIdentifier: id } } },
    ]);
    expect(harness.store.objects()).toMatchObject([{ state: 'Active' }]);
  });
});

describe('what goes wrong inside', () => {
  it('spoils the whole message when the judge of its credential fails, and says nothing of it', async () => {
    const harness = new EngineHarness();
    const authentication = [aCredential];
    const route = routeOf(harness, () => Promise.reject(new Error('the directory is away')));
    const items = await harness.batch([create(), create()], { authentication }, { route });
    expect(items.map((item) => [reasonName(item.resultReason), failureCode(item)])).toStrictEqual([
      ['GeneralFailure', 'internal'],
    ]);
    expect(items[0]?.resultMessage).not.toContain('directory');
    expect(harness.logs).toMatchObject([{ level: 'error', message: 'message failed unexpectedly' }]);
    expect(harness.store.objects()).toHaveLength(0);
  });

  it('is answered with fixed text and a correlation id, and told to the log', async () => {
    const harness = new EngineHarness();
    harness.store.failNext('openIntent');
    const [item] = await harness.batch([create()]);
    const id = /Correlation id ([0-9a-f-]{36})$/.exec(item?.resultMessage ?? '')?.[1];
    expect(reasonName(item?.resultReason)).toBe('GeneralFailure');
    expect(item?.resultMessage).not.toContain('made to fail');
    expect(harness.logs).toMatchObject([{ level: 'error', fields: { correlationId: id } }]);
    expect(harness.store.audits).toMatchObject([{ outcome: 'failure', reason: 'internal', correlationId: id }]);
  });

  it('asks a catalog that is away only once for each item', async () => {
    const harness = new EngineHarness();
    const asked: string[] = [];
    const away = (name: string) => () => {
      asked.push(name);
      return Promise.reject(new CatalogAway('the database did not answer in time'));
    };
    harness.store.openIntent = away('openIntent');
    harness.store.record = away('record');
    const [item] = await harness.batch([create()]);
    expect(item?.resultMessage).toContain('[catalog_unavailable]');
    expect(asked).toStrictEqual(['openIntent']);
    expect(harness.logs.map(({ message }) => message)).toStrictEqual(['a failed operation could not be recorded']);
  });

  it('fails the operation when its record cannot be committed', async () => {
    const harness = new EngineHarness();
    harness.store.breakAudit();
    const [item] = await harness.batch([query]);
    expect(reasonName(item?.resultReason)).toBe('GeneralFailure');
    expect(harness.logs.map(({ message }) => message)).toStrictEqual([
      'operation failed unexpectedly',
      'a failed operation could not be recorded',
    ]);
  });

  it('is counted by operation and result', async () => {
    const harness = new EngineHarness();
    await harness.batch([create(), missing]);
    expect(harness.observations).toMatchObject([
      { operation: 'Create', result: 'success' },
      { operation: 'Get', result: 'failure', failure: 'unknown_object' },
    ]);
  });

  it('records a client of whom only the certificate is known', async () => {
    const harness = new EngineHarness();
    const { certificateFingerprint: fingerprint, certificateName, remoteAddress, ...scope } = harness.scope();
    expect([certificateName, remoteAddress]).toStrictEqual(['vcenter', '192.0.2.1']);
    await harness.engine.handle(encodeRequestMessage(aRequest([query])), {
      ...scope,
      certificateFingerprint: fingerprint,
    });
    expect(harness.store.audits[0]?.initiator).toStrictEqual({ kind: 'certificate', fingerprint });
  });

  it('records every operation, failures included', async () => {
    const harness = new EngineHarness();
    await harness.batch([query, create(), missing]);
    expect(
      harness.store.audits.map(({ action, outcome }) => `${action.split('.')[1]!}.${action.split('.')[2]!} ${outcome}`),
    ).toStrictEqual(['kmip-server.query success', 'kmip-key.create success', 'kmip-key.read failure']);
    expect(new Set(harness.store.audits.map(({ correlationId }) => correlationId)).size).toBe(1);
  });
});

describe('errorResponse', () => {
  it('answers strangers in their own version, or in 1.0', () => {
    const { engine } = new EngineHarness();
    const request = encodeRequestMessage(aRequest([create()], { protocolVersion: V1_2 }));
    for (const [bytes, minor] of [
      [request, 2],
      [undefined, 0],
      [Buffer.from('GET / HTTP/1.1'), 0],
    ] as const) {
      const answer = engine.errorResponse(bytes, ResultReason.AuthenticationNotSuccessful, 'who are you');
      expect(decodeResponseMessage(answer)).toMatchObject({
        header: { protocolVersion: versionOf(1, minor), batchCount: 1 },
        batchItems: [{ resultStatus: 1, resultReason: 3, resultMessage: 'who are you' }],
      });
    }
  });
});
