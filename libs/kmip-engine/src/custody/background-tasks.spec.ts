import { BackgroundTasks } from './background-tasks';

const silent = { warn: () => undefined, error: () => undefined };

describe('BackgroundTasks', () => {
  it('runs four at once, lets a hundred wait and drops the rest', async () => {
    const tasks = new BackgroundTasks(silent);
    let running = 0;
    let most = 0;
    let done = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      done += 1;
    };
    const started = Array.from({ length: 200 }, () => tasks.start('work', work));
    expect(started.filter(Boolean)).toHaveLength(104);
    await tasks.drain();
    expect([most, done]).toStrictEqual([4, 104]);
    await tasks.drain();
  });

  it('survives a task that fails, and goes on', async () => {
    const warnings: string[] = [];
    const tasks = new BackgroundTasks({ ...silent, warn: (_, message) => warnings.push(message) });
    tasks.start('bad', () => Promise.reject(new Error('no')));
    let ran = false;
    tasks.start('good', () => {
      ran = true;
      return Promise.resolve();
    });
    await tasks.drain();
    expect([ran, warnings]).toStrictEqual([true, ['background task failed']]);
  });
});
