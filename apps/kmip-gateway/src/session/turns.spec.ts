import { Turns } from './turns';

describe('Turns', () => {
  it('lets an owner do so much at once, in order, and others at the same time', async () => {
    const turns = new Turns(2);
    const started: string[] = [];
    const release: (() => void)[] = [];
    const work = (name: string) => async (): Promise<string> => {
      started.push(name);
      await new Promise<void>((resolve) => release.push(resolve));
      return name;
    };
    const all = [
      turns.run('a', work('a1')),
      turns.run('a', work('a2')),
      turns.run('a', work('a3')),
      turns.run('a', work('a4')),
      turns.run('b', work('b1')),
    ];
    expect(started).toEqual(['a1', 'a2', 'b1']);
    release[0]?.();
    await all[0];
    expect(started).toEqual(['a1', 'a2', 'b1', 'a3']);
    release.splice(0).forEach((go) => go());
    await new Promise(setImmediate);
    release.splice(0).forEach((go) => go());
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'a4', 'b1']);
  });

  it('gives the place on after a failure', async () => {
    const turns = new Turns(1);
    await expect(turns.run('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(turns.run('a', () => Promise.resolve('next'))).resolves.toBe('next');
  });
});
