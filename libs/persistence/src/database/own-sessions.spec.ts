import { type DataSource } from 'typeorm';

import { requireOwnSessions } from './own-sessions';

/** @param processes of the server, in the order in which connections are led to them */
function pooled(...processes: number[]): { readonly dataSource: DataSource; readonly released: () => number } {
  let released = 0;
  const createQueryRunner = () => ({
    query: () => Promise.resolve([{ pid: processes.shift() }]),
    startTransaction: () => Promise.resolve(),
    rollbackTransaction: () => Promise.resolve(),
    release: () => Promise.resolve((released += 1)),
  });
  return { dataSource: { createQueryRunner } as unknown as DataSource, released: () => released };
}

describe('requireOwnSessions', () => {
  it('is content with connections that never meet in one process of the server', async () => {
    const { dataSource, released } = pooled(1, 2, 1, 2, 1, 2, 1, 2, 1, 2);
    await requireOwnSessions(dataSource);
    expect(released()).toBe(2);
  });

  it('refuses a pooler where they do, also when another of its users was faster at first', async () => {
    const { dataSource, released } = pooled(1, 3, 1, 1);
    await expect(requireOwnSessions(dataSource)).rejects.toMatchObject({
      code: 'database_sessions_shared',
      message: expect.stringMatching(/pool_mode = session/) as string,
    });
    expect(released()).toBe(2);
  });
});
