import { newCorrelationId, toInstanceId } from '@lib/kernel';
import { type EngineScope, everyOperation, type MessageRoute, type OperationFailure } from '@lib/kmip-engine';
import { vcenter } from '@lib/kmip-client';
import { encodeRequestMessage, ResultReason } from '@lib/kmip-protocol';

import { TRANSPORT_LIMIT_NAMES } from '@lib/kmip-transport';

import { type Verdict } from './admission';
import { AnswerMemories } from './answer-memories';
import { KmipSession, type KmipSessionParts } from './kmip-session';
import { anAuditEvent } from '@lib/testing';

import { alone, entry, peer } from './session.fixture';

const MESSAGE = Buffer.from('a request');
const CLIENT: Verdict = { client: entry(), owner: entry().instanceId, registrations: alone(entry()) };
const EXPIRED: Verdict = { refusal: 'certificate_expired', message: 'it expired', known: entry() };
const UNKNOWN: Verdict = { refusal: 'certificate_unknown', message: 'not allowed' };
const OUTDATED: Verdict = {
  refusal: 'allow_list_outdated',
  message: 'an old list',
  known: entry(),
};

function session(
  verdict: Verdict | (() => Verdict),
  catalog: 'up' | 'down' = 'up',
  { timeoutMs, ...parts }: Partial<KmipSessionParts> & { readonly timeoutMs?: number } = {},
) {
  const said: string[] = [];
  const engine: KmipSessionParts['engine'] = {
    answerAtOnce: () => undefined,
    handle: () => Promise.resolve(Buffer.from('served')),
    errorResponse: (_bytes, reason, message) => Buffer.from(`${reason} ${message}`),
    unscoped: (_bytes, error) => ({
      response: Buffer.from(`explained ${String(error)}`),
      failure: 'credential_unreadable',
      correlationId: newCorrelationId(),
    }),
  };
  const subject = new KmipSession(
    {
      admission: { judge: typeof verdict === 'function' ? verdict : () => verdict },
      engine,
      operations: everyOperation(),
      scopes: {
        withKeyManager: () =>
          catalog === 'up' ? Promise.resolve({} as EngineScope) : Promise.reject(new Error('away')),
        bare: ({ instanceId }) => ({ instanceId }) as EngineScope,
      },
      routes: { for: () => ({}) as MessageRoute },
      observer: {
        refused: (_peer, refusal) => said.push(`refused ${refusal}`),
        scopeFailed: (client, { failure, error }) =>
          said.push(`no scope for ${client.instanceId}: ${failure}, ${String(error)}`),
      },
      records: {
        judged: () => said.push('judged'),
        turnedAway: (_peer, limit) => said.push(`turned away ${limit}`),
      },
      answers: new AnswerMemories(1_000_000),
      questions: { note: (_peer, { details }) => said.push(`asked ${String(details?.['operation'])}`) },
      audit: { record: (_peer, { instanceId }) => Promise.resolve(void said.push(`audited ${instanceId}`)) },
      ...parts,
    },
    timeoutMs,
  );
  const ask = async (signal = new AbortController().signal) => {
    const { response, close } = await subject.handleMessage(MESSAGE, peer(), signal);
    return [response.toString(), close === true];
  };
  return { subject, said, ask, engine };
}

describe('KmipSession', () => {
  it('serves a client that is allowed', async () => {
    const { subject, ask, said } = session(CLIENT);
    expect(subject.admit(peer())).toEqual({ owner: entry().instanceId, account: 'a1' });
    expect(await ask()).toEqual(['served', false]);
    expect(said).toEqual(['judged', 'judged']);
  });

  it('counts a client whose owner nothing shows for itself, and not for one that registers it', async () => {
    const other = entry({ instanceId: toInstanceId('99999999-2222-4333-8444-555555555555') });
    const disputed = session({ client: entry(), registrations: { current: [entry(), other], former: [] } }, 'down');
    expect(disputed.subject.admit(peer())).toBe('known');
    // What is wrong with the key manager of one of them is not in its way.
    expect(await disputed.ask()).toEqual(['served', false]);
  });

  it('tells a stranger why and closes; no trail is its', async () => {
    const { subject, ask, said } = session(UNKNOWN);
    expect(subject.admit(peer())).toBe('stranger');
    expect(await ask()).toEqual([`${ResultReason.AuthenticationNotSuccessful} not allowed`, true]);
    expect(said).toEqual(['judged', 'judged', 'refused certificate_unknown']);
  });

  it('puts the refusal of a known certificate into the trail of its instance', async () => {
    const { ask, said } = session(EXPIRED);
    expect(await ask()).toEqual([`${ResultReason.AuthenticationNotSuccessful} it expired`, true]);
    expect(said).toContain(`audited ${entry().instanceId}`);
  });

  it('serves nobody by an old list, keeps the connection, and leaves the trail alone', async () => {
    const { subject, ask, said } = session(OUTDATED);
    expect(subject.admit(peer())).toEqual({ owner: entry().instanceId, account: 'a1' });
    expect(await ask()).toEqual([`${ResultReason.GeneralFailure} an old list`, false]);
    expect(said).toEqual(['judged', 'judged', 'refused allow_list_outdated']);
  });

  it('answers questions about the server at once, and has them recorded', async () => {
    const question = encodeRequestMessage(vcenter.probe());
    const event = anAuditEvent(entry().instanceId, { details: { operation: 'DiscoverVersions' } });
    const answerAtOnce = jest.fn(() => ({ response: Buffer.from('at once'), events: [event] }));
    const { subject, said, engine } = session(CLIENT, 'down');
    Object.assign(engine, { answerAtOnce });
    const { signal } = new AbortController();
    expect((await subject.handleMessage(question, peer(), signal)).response.toString()).toBe('at once');
    // Judged, and not even a scope was made: the catalog is away.
    expect(said).toEqual(['judged', 'asked DiscoverVersions']);
    // Whoever asks for more is no question, whatever the engine would say.
    await subject.handleMessage(encodeRequestMessage(vcenter.getKey('x')), peer(), signal);
    expect(answerAtOnce).toHaveBeenCalledTimes(1);
  });

  it('leaves the loop to others after a few questions of one owner, and judges those that waited anew', async () => {
    const verdicts = Array.from({ length: 9 }, () => CLIENT);
    const { subject, engine } = session(() => verdicts.shift() ?? EXPIRED);
    Object.assign(engine, { answerAtOnce: () => ({ response: Buffer.from('at once'), events: [] }) });
    const question = encodeRequestMessage(vcenter.probe());
    const { signal } = new AbortController();
    const asked = Array.from({ length: 9 }, () => subject.handleMessage(question, peer(), signal));
    const answers = await Promise.all(asked);
    expect(answers.map(({ close }) => close === true)).toEqual([...Array<boolean>(8).fill(false), true]);
  });

  it('answers no question whose client left while it waited', async () => {
    const { subject, engine } = session(CLIENT);
    const answerAtOnce = jest.fn(() => ({ response: Buffer.from('at once'), events: [] }));
    Object.assign(engine, { answerAtOnce });
    const question = encodeRequestMessage(vcenter.probe());
    const leaving = new AbortController();
    const asked = Array.from({ length: 10 }, () => subject.handleMessage(question, peer(), leaving.signal));
    leaving.abort();
    const answers = await Promise.all(asked);
    expect(answers.map(({ close }) => close === true)).toEqual([...Array<boolean>(8).fill(false), true, true]);
    expect(answerAtOnce).toHaveBeenCalledTimes(8);
  });

  it('records a question that waited where its client is judged to belong by then', async () => {
    const moved = entry({ instanceId: toInstanceId('99999999-2222-4333-8444-555555555555') });
    const later: Verdict = { client: moved, owner: moved.instanceId, registrations: alone(moved) };
    const verdicts = Array.from({ length: 9 }, () => CLIENT);
    const { subject, engine } = session(() => verdicts.shift() ?? later);
    const clients: unknown[] = [];
    const answerAtOnce: KmipSessionParts['engine']['answerAtOnce'] = (_bytes, { instanceId }) => {
      clients.push(instanceId);
      return { response: Buffer.from('at once'), events: [] };
    };
    Object.assign(engine, { answerAtOnce });
    const question = encodeRequestMessage(vcenter.probe());
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 9 }, () => subject.handleMessage(question, peer(), signal)));
    expect(clients).toEqual([...Array<unknown>(8).fill(entry().instanceId), moved.instanceId]);
  });

  it('answers nobody at once who is not let in', async () => {
    const question = encodeRequestMessage(vcenter.probe());
    const { subject, engine } = session(EXPIRED);
    const answerAtOnce = jest.fn(() => ({ response: Buffer.from('at once'), events: [] }));
    Object.assign(engine, { answerAtOnce });
    const { response, close } = await subject.handleMessage(question, peer(), new AbortController().signal);
    expect([response.toString(), close]).toEqual([`${ResultReason.AuthenticationNotSuccessful} it expired`, true]);
    expect(answerAtOnce).not.toHaveBeenCalled();
  });

  it('judges again when its turn comes', async () => {
    const verdicts = [CLIENT, EXPIRED];
    const { ask, said } = session(() => verdicts.shift() ?? EXPIRED);
    expect(await ask()).toEqual([`${ResultReason.AuthenticationNotSuccessful} it expired`, true]);
    expect(said).toContain('refused certificate_expired');
  });

  it('does nothing for a client that has gone', async () => {
    expect(await session(CLIENT).ask(AbortSignal.abort())).toEqual(['', true]);
  });

  it('tells a client whose turn does not come that nothing was done, and keeps its turn for no one', async () => {
    let release = (): void => undefined;
    const hanging = new Promise<void>((resolve) => (release = resolve));
    const scopes: EngineScope[] = [];
    let asked = 0;
    const engine = {
      handle: async (_bytes: Buffer, scope: EngineScope) => {
        scopes.push(scope);
        asked += 1;
        await hanging;
        return Buffer.from('served');
      },
      answerAtOnce: () => undefined,
      errorResponse: () => Buffer.alloc(0),
      unscoped: (_bytes: Buffer, error: unknown) => ({
        response: Buffer.from((error as OperationFailure).failure),
        failure: 'instance_busy',
        correlationId: newCorrelationId(),
      }),
    };
    const { ask, said } = session(CLIENT, 'up', { engine, timeoutMs: 50 });
    // More than any share has places for.
    const all = Array.from({ length: 200 }, () => ask());
    expect(await Promise.race(all)).toEqual(['instance_busy', false]);
    expect(said.at(-1)).toContain('no scope');
    release();
    const answers = (await Promise.all(all)).map(([answer]) => answer);
    // Who was told that nothing was done had nothing done, and what waiting took is gone for the operation.
    expect(answers.filter((answer) => answer === 'served')).toHaveLength(asked);
    expect(asked).toBeLessThan(200);
    for (const { limits } of scopes) expect(limits.operationTimeoutMs).toBeLessThanOrEqual(50);
  });

  it('keeps a client for which no scope could be made, explains it, and tells the operator', async () => {
    const { ask, said } = session(CLIENT, 'down');
    expect(await ask()).toEqual(['explained Error: away', false]);
    expect(said).toContain(`no scope for ${entry().instanceId}: credential_unreadable, Error: away`);
  });

  it('passes on which limit kept a client out', () => {
    const { subject, said } = session(CLIENT);
    subject.refused(peer(), 'connections_per_certificate');
    expect(said).toEqual(['turned away connections_per_certificate']);
  });

  it.each(TRANSPORT_LIMIT_NAMES)('tells a client that %s keeps out which limit it is', (limit) => {
    const { subject } = session(CLIENT);
    expect(subject.overLimit(MESSAGE, peer(), limit).toString()).toMatch(
      new RegExp(`^${ResultReason.GeneralFailure} .+ \\[${limit}\\]$`),
    );
  });
});
