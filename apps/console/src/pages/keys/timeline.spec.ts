import { timelineOf } from './timeline';

const NOW = new Date('2026-11-23T10:00:00.000Z');

describe('the life of a key', () => {
  it('is told in order, with what is ahead', () => {
    expect(
      timelineOf(
        {
          created_at: '2026-01-01T00:00:01.734Z',
          activated_at: '2026-01-01T00:00:01.000Z',
          deactivated_at: '2026-11-20T00:00:00.000Z',
          destroyed_at: '2026-11-21T00:00:00.000Z',
          last_fetched: { at: '2026-11-19T00:00:00.000Z', notice: '' },
          recovery: { possible: true, until: '2026-12-21T00:00:00.000Z' },
        },
        NOW,
      ).map(({ event, ahead }) => [event, ahead]),
    ).toEqual([
      ['created', false],
      ['activated', false],
      ['fetched', false],
      ['deactivated', false],
      ['destroyed', false],
      ['restorable', true],
    ]);
  });

  it('gives one age to what KMIP tells in whole seconds and what is told to the millisecond', () => {
    const dates = { created_at: '2026-11-23T09:59:46.734Z', activated_at: '2026-11-23T09:59:46.000Z' };
    expect(timelineOf(dates, NOW)).toEqual([
      { event: 'created', at: '2026-11-23T09:59:46.000Z', ahead: false },
      { event: 'activated', at: '2026-11-23T09:59:46.000Z', ahead: false },
    ]);
  });

  it('does not promise a recovery that is over', () => {
    const recovery = { possible: false, until: '2026-11-22T00:00:00.000Z', purged_at: '2026-11-22T00:00:00.000Z' };
    expect(timelineOf({ created_at: '2026-01-01T00:00:00.000Z', recovery }, NOW).map(({ event }) => event)).toEqual([
      'created',
      'purged',
    ]);
  });
});
