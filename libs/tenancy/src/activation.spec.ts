import { type InstanceId } from '@lib/kernel';

import { type Acknowledgement, ActivationReporter } from './activation';

const one = 'instance-1' as InstanceId;
const two = 'instance-2' as InstanceId;

/** Writes take until the test says so. */
class Log {
  readonly written: Acknowledgement[] = [];
  withdrawn = 0;
  failing = false;
  readonly #held: (() => void)[] = [];

  position = (): Promise<string> => Promise.resolve('here');
  of = (): Promise<never[]> => Promise.resolve([]);

  async acknowledge(_process: unknown, taken: Acknowledgement): Promise<void> {
    this.written.push(taken);
    if (this.failing) throw new Error('database away');
    await new Promise<void>((resolve) => this.#held.push(resolve));
  }

  withdraw(): Promise<void> {
    this.withdrawn += 1;
    return Promise.resolve();
  }

  letGo(): void {
    for (const resolve of this.#held.splice(0)) resolve();
  }
}

function setUp() {
  const log = new Log();
  const warnings: string[] = [];
  const process = { id: 'p', endpoint: 'kmip-1' };
  const reporter = new ActivationReporter({ log, process, warn: (message) => warnings.push(message) });
  return { log, reporter, warnings };
}

const instances = (taken: Acknowledgement | undefined): unknown[] => [...(taken?.instances ?? [])];

describe('ActivationReporter', () => {
  it('writes at once, and what came up meanwhile together', async () => {
    const { log, reporter } = setUp();
    void reporter.inForce('10', one);
    void reporter.inForce('11', one);
    void reporter.inForce('12', two);
    expect(log.written).toHaveLength(1);
    log.letGo();
    await new Promise(setImmediate);
    log.letGo();
    await reporter.stop();
    expect(log.written.map(instances)).toEqual([
      [[one, '10']],
      [
        [one, '11'],
        [two, '12'],
      ],
    ]);
    expect(log.withdrawn).toBe(1);
  });

  it('leaves out what a full reading covers', async () => {
    const { log, reporter } = setUp();
    void reporter.inForce('10', one);
    void reporter.inForce('11', two);
    void reporter.inForce('12');
    void reporter.inForce('13', one);
    log.letGo();
    await new Promise(setImmediate);
    expect(log.written[1]?.everything).toBe('12');
    expect(instances(log.written[1])).toEqual([[one, '13']]);
    log.letGo();
    await reporter.stop();
  });

  it('goes on after a write that failed', async () => {
    const { log, reporter, warnings } = setUp();
    log.failing = true;
    expect(await reporter.inForce('10', one)).toBe(false);
    log.failing = false;
    const told = reporter.inForce('11');
    log.letGo();
    expect(await told).toBe(true);
    await reporter.stop();
    expect(warnings).toHaveLength(1);
    expect(log.written.map(({ everything }) => everything)).toEqual([undefined, '11']);
  });
});
