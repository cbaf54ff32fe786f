import { SessionWatch } from './session-watch';

const LOOK_MS = 2_000;

describe('sessions for which something is open', () => {
  let alive: string[];
  let asked: (readonly string[])[];
  let isAway: boolean;
  let watch: SessionWatch;
  const ended: string[] = [];
  const warn = jest.fn();

  beforeEach(() => {
    jest.useFakeTimers();
    [alive, asked, isAway] = [['a', 'b'], [], false];
    ended.length = 0;
    warn.mockClear();
    watch = new SessionWatch({
      sessions: {
        alive: (ids) => {
          asked.push(ids);
          return isAway ? Promise.reject(new Error('away')) : Promise.resolve(alive.filter((id) => ids.includes(id)));
        },
      },
      logger: { warn },
    });
  });
  afterEach(() => {
    watch.stop();
    jest.useRealTimers();
  });

  const look = () => jest.advanceTimersByTimeAsync(LOOK_MS);
  const open = (session: string, what: string) => watch.onEnd(session, () => ended.push(what));

  it('are asked for together, and what is open for one that is over ends once', async () => {
    open('a', 'first');
    open('a', 'second');
    open('b', 'third');
    await look();
    expect([asked, ended]).toEqual([[['a', 'b']], []]);
    alive = ['b'];
    await look();
    await look();
    expect([ended, watch.size]).toEqual([['first', 'second'], 1]);
    expect(asked.at(-1)).toEqual(['b']);
  });

  it('are not asked for when nothing is open', async () => {
    const close = open('a', 'first');
    close();
    await look();
    await look();
    expect([asked, ended, watch.size, jest.getTimerCount()]).toEqual([[], [], 0, 0]);
    open('b', 'second');
    await look();
    expect(asked).toEqual([['b']]);
  });

  it('stay while nobody can say, and are asked for again', async () => {
    open('a', 'first');
    isAway = true;
    await look();
    expect([ended, warn.mock.calls.length]).toEqual([[], 1]);
    [isAway, alive] = [false, []];
    await look();
    expect(ended).toEqual(['first']);
  });
});
