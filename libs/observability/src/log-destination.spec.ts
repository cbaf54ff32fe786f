import { LogDestination, type LogSink } from './log-destination';

const LINE = `${'x'.repeat(1_023)}\n`;
const MORE_LINES_THAN_WAIT = 2_000;

describe('LogDestination', () => {
  let given: string[];
  let settle: ((error?: Error) => void) | undefined;
  const sink: LogSink = (text, done) => {
    given.push(text);
    settle = done;
  };

  beforeEach(() => {
    given = [];
    settle = undefined;
  });

  it('hands lines on in their order, those that came meanwhile together', () => {
    const log = new LogDestination(sink);
    for (const line of ['a\n', 'b\n', 'c\n']) log.write(line);
    expect(given).toEqual(['a\n']);
    settle?.();
    expect(given).toEqual(['a\n', 'b\nc\n']);
  });

  it('keeps a bounded number of lines for a destination that hangs, and says afterwards how many are missing', () => {
    const log = new LogDestination(sink);
    for (let line = 0; line < MORE_LINES_THAN_WAIT; line += 1) log.write(LINE);
    expect(log.dropped).toBe(MORE_LINES_THAN_WAIT - 1_024 - 1);
    settle?.();
    expect(given[1]).toMatch(
      /^\{"level":"warn","time":"[^"]+","dropped":975,"msg":"log lines are missing here"\}\nxxx/,
    );
    while (given.join('').length < 1_025 * LINE.length) settle?.();
    settle?.();
    log.write('now\n');
    expect(given.at(-1)).toBe('now\n');
  });

  it.each<[string, (error: Error) => LogSink]>([
    ['reports a failure', (error) => (_text, done) => done(error)],
    [
      'throws',
      (error) => () => {
        throw error;
      },
    ],
  ])('counts what a destination loses that %s', (_name, failing) => {
    let broken = true;
    const fails = failing(new Error('ENOSPC'));
    const log = new LogDestination((text, done) => {
      if (broken) {
        fails(text, done);
        return;
      }
      given.push(text);
      done();
    });
    log.write('a\n');
    log.write('b\n');
    expect(log.dropped).toBe(2);
    broken = false;
    log.write('c\n');
    expect(given.join('')).toMatch(/"dropped":2,.*\nc\n$/);
    expect(log.dropped).toBe(2);
  });

  it('waits for its last lines, but not for ever', async () => {
    const log = new LogDestination(sink);
    await log.drain(0);
    log.write('a\n');
    const hung = log.drain(1);
    await hung;
    const drained = log.drain(60_000);
    settle?.();
    await drained;
    expect(given).toEqual(['a\n']);
  });
});
