import { type DependencyStatus } from '@lib/observability';

import { together } from './together';

const status = (name: string, reason?: string): DependencyStatus => ({
  name,
  ok: reason === undefined,
  since: new Date(0),
  ...(reason !== undefined && { reason }),
});

describe('dependencies of several workers', () => {
  it('work when they work for all', () => {
    expect(together([[status('database'), status('allow-list')], [status('database')]])).toEqual([
      status('database'),
      status('allow-list'),
    ]);
  });

  it('fail when they fail for one, and say why', () => {
    const failing = status('database', 'no answer within 2000 ms');
    expect(together([[status('database')], [failing], [status('database', 'failed')]])).toEqual([failing]);
  });

  it('are none of nobody', () => {
    expect(together([])).toEqual([]);
  });
});
