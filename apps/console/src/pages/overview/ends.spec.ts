import { endsAhead } from './ends';

const NOW = new Date('2026-11-23T10:00:00.000Z');
const nothing = { endpoints: [], health: { state: 'well', problems: [], warnings: [] } } as const;
const inDays = (days: number): string => new Date(NOW.getTime() + days * 86_400_000).toISOString();

describe('what ends', () => {
  it('is told the nearest first, and how urgent it is', () => {
    const ends = endsAhead({
      instance: {
        ...nothing,
        endpoints: [],
        health: {
          ...nothing.health,
          problems: [],
          warnings: [
            { code: 'root_key_expires', message: '', remedy: '', expires_at: inDays(30), root_key_crn: 'crn:a:k1' },
          ],
        },
      },
      certificates: [
        { name: 'far', expires_at: inDays(400) },
        { name: 'near', expires_at: inDays(3) },
        { name: 'over', expires_at: inDays(-1) },
      ],
      rootKey: { provider: 'hyper_protect_crypto_services', provider_ends_on: '2027-03-28' },
      now: NOW,
    });
    expect(ends.map(({ kind, name, urgency }) => [kind, name, urgency])).toEqual([
      ['certificate', 'over', 'bad'],
      ['certificate', 'near', 'bad'],
      ['root_key', 'k1', 'warning'],
      ['key_manager', 'hyper_protect_crypto_services', 'none'],
      ['certificate', 'far', 'none'],
    ]);
  });
});
