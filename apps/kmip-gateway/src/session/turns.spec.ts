import { everyOperation } from '@lib/kmip-engine';
import { encodeRequestMessage, type OperationRequest } from '@lib/kmip-protocol';
import { aRequest } from '@lib/testing';

import { kindOf, type MessageKind, type TurnKind, Turns } from './turns';

const few = { serving: { account: 3, owner: 2 }, working: { account: 1, owner: 1 } };

function scene(turns = new Turns(few)) {
  const started: string[] = [];
  const release = new Map<string, () => void>();
  const done: Promise<string>[] = [];
  /** `a1.x`: the request x of instance a1 of account a. */
  const ask = (kind: TurnKind, ...names: string[]): void => {
    for (const name of names) {
      const owner = name.split('.')[0] ?? '';
      const work = async (): Promise<string> => {
        started.push(name);
        await new Promise<void>((resolve) => release.set(name, resolve));
        return name;
      };
      done.push(turns.run({ account: name.slice(0, 1), owner }, kind, work));
    }
  };
  const end = async (...names: string[]): Promise<void> => {
    for (const name of names) {
      release.get(name)?.();
      await new Promise(setImmediate);
    }
  };
  return { ask, end, started, done };
}

describe('Turns', () => {
  it('let an instance do so much at once, in order, and others at the same time', async () => {
    const { ask, end, started, done } = scene();
    ask('serving', 'a1.1', 'a1.2', 'a1.3', 'a1.4', 'b1.1');
    expect(started).toEqual(['a1.1', 'a1.2', 'b1.1']);
    await end('a1.1');
    expect(started).toEqual(['a1.1', 'a1.2', 'b1.1', 'a1.3']);
    await end('a1.2', 'a1.3', 'a1.4', 'b1.1');
    expect(await Promise.all(done)).toEqual(['a1.1', 'a1.2', 'a1.3', 'a1.4', 'b1.1']);
  });

  it('count the instances of an account together, and call them one after the other', async () => {
    const { ask, end, started } = scene();
    ask('serving', 'a1.1', 'a1.2', 'a1.3', 'a1.4', 'a2.1', 'a2.2', 'a3.1');
    expect(started).toEqual(['a1.1', 'a1.2', 'a2.1']);
    await end('a1.1', 'a1.2', 'a2.1', 'a1.3');
    expect(started.slice(3)).toEqual(['a1.3', 'a2.2', 'a3.1', 'a1.4']);
  });

  it('hand out keys whatever else the same instance has under way', async () => {
    const { ask, end, started } = scene();
    ask('working', 'a1.1', 'a1.2', 'a2.1');
    ask('serving', 'a1.get', 'a2.get');
    expect(started).toEqual(['a1.1', 'a1.get', 'a2.get']);
    await end('a1.1', 'a1.2');
    expect(started.slice(3)).toEqual(['a1.2', 'a2.1']);
  });

  it('leave room for 64 hosts that start together, and few for what takes long', () => {
    const { ask, started } = scene(new Turns());
    ask('serving', ...Array.from({ length: 70 }, (_, n) => `a1.${n}`));
    expect(started).toHaveLength(64);
    ask('working', ...Array.from({ length: 500 }, (_, n) => `b1.${n}`));
    expect(started).toHaveLength(64 + 6);
  });

  it('give the place on after a failure', async () => {
    const turns = new Turns(few);
    const who = { account: 'a', owner: 'a1' };
    await expect(turns.run(who, 'working', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(turns.run(who, 'working', () => Promise.resolve('next'))).resolves.toBe('next');
  });
});

describe('kindOf', () => {
  const operations = everyOperation();
  const get: OperationRequest = { name: 'Get', payload: {} };
  const discover: OperationRequest = { name: 'DiscoverVersions', payload: { protocolVersions: [] } };
  const query: OperationRequest = { name: 'Query', payload: { queryFunctions: [] } };
  const locate: OperationRequest = { name: 'Locate', payload: { attributes: [] } };
  const times = (count: number): OperationRequest[] => Array.from({ length: count }, () => get);

  it.each<[string, readonly OperationRequest[], MessageKind]>([
    ['questions about the server', [discover, query], 'question'],
    ['more questions than a few', Array.from({ length: 9 }, () => query), 'working'],
    ['a Get behind a question', [query, get], 'serving'],
    ['a Get', [get], 'serving'],
    ['a few Gets', times(8), 'serving'],
    ['more than a few', times(9), 'working'],
    ['a Locate', [locate], 'working'],
    ['a Locate behind a Get', [get, locate], 'working'],
  ])('%s', (_name, requests, kind) => expect(kindOf(encodeRequestMessage(aRequest(requests)), operations)).toBe(kind));

  it('takes for work what it cannot read', () => {
    const message = encodeRequestMessage(aRequest([get]));
    expect(kindOf(Buffer.alloc(0), operations)).toBe('working');
    expect(kindOf(message.subarray(0, message.length - 8), operations)).toBe('working');
    expect(kindOf(encodeRequestMessage({ ...aRequest([get]), batchItems: [] }), operations)).toBe('working');
  });
});
