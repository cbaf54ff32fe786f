import { HandshakeQueue, type HandshakeTurn } from './handshake-queue';

function scene(maximumAtOnce: number, begunPerLoop = 100) {
  const queue = new HandshakeQueue(maximumAtOnce, begunPerLoop);
  const begun: string[] = [];
  const turns = new Map<string, HandshakeTurn>();
  const enter = (...names: string[]): void => {
    for (const name of names)
      turns.set(
        name,
        queue.enter(name.slice(0, 1), () => begun.push(name)),
      );
  };
  const end = (...names: string[]): void => {
    for (const name of names) turns.get(name)?.end();
  };
  return { begun, enter, end };
}

describe('HandshakeQueue', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('begins so many at once, and the next when one is over', () => {
    const { begun, enter, end } = scene(2);
    enter('a1', 'a2', 'a3', 'a4');
    expect(begun).toEqual(['a1', 'a2']);
    end('a2', 'a2');
    expect(begun).toEqual(['a1', 'a2', 'a3']);
    end('a1', 'a3', 'a4');
    enter('a5', 'a6', 'a7');
    expect(begun.slice(-2)).toEqual(['a5', 'a6']);
  });

  it('lets a crowd behind one address wait for itself', () => {
    const { begun, enter, end } = scene(1);
    enter('a1', 'a2', 'a3', 'a4', 'b1', 'c1');
    end('a1', 'a2', 'b1', 'c1', 'a3');
    expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'a4']);
  });

  it('forgets who left while it waited', () => {
    const { begun, enter, end } = scene(1);
    enter('a1', 'b1', 'a2');
    end('b1', 'a1');
    expect(begun).toEqual(['a1', 'a2']);
  });

  it('does not wait for a client that lets its handshake lie', () => {
    const { begun, enter } = scene(1);
    enter('a1', 'b1');
    jest.advanceTimersByTime(500);
    expect(begun).toEqual(['a1', 'b1']);
  });

  it('begins few in one turn of the event loop, so that requests under way go on between them', () => {
    const { begun, enter, end } = scene(4, 2);
    enter('a1', 'a2', 'a3', 'b1', 'a4');
    expect(begun).toEqual(['a1', 'a2']);
    end('a1');
    expect(begun).toEqual(['a1', 'a2']);
    jest.advanceTimersToNextTimer();
    expect(begun).toEqual(['a1', 'a2', 'a3', 'b1']);
    jest.advanceTimersToNextTimer();
    expect(begun).toEqual(['a1', 'a2', 'a3', 'b1', 'a4']);
  });
});
