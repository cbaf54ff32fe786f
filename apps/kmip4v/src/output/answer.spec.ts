import { presented } from './answer';

describe('what an operator is told', () => {
  const SCREEN = { width: Infinity, paint: (text: string) => text };
  const lines = (value: unknown): readonly string[] => presented(value).text(SCREEN).split('\n');

  it('has rows of its own below it, and no brackets', () => {
    const report = {
      keys: 2,
      isWhole: true,
      lost: [],
      regions: ['us-south', 'eu-de'],
      steps: [{ name: 'wrap', state: 'passed', of: { role: 'Writer', here: true }, hindrances: ['quota', 'role'] }],
      price: { versions: 1 },
      at: new Date(0),
    };
    expect(lines(report)).toEqual([
      'keys     2',
      'isWhole  yes',
      'lost     none',
      'regions  us-south, eu-de',
      'at       1970-01-01T00:00:00.000Z',
      '',
      'steps',
      'NAME  STATE   OF                       HINDRANCES',
      'wrap  passed  role: Writer, here: yes  quota, role',
      '',
      'price',
      'versions  1',
    ]);
    expect(presented(report).value).toBe(report);
  });

  it('is said where there is none of it', () => {
    expect(lines([])).toEqual(['None.']);
    expect(lines('done')).toEqual(['done']);
    expect(lines({ notes: [{ of: null }] })).toEqual(['notes', 'OF', 'null']);
  });

  it('moves no cursor by a name that is deep in it', () => {
    const text = lines({ steps: [{ names: ['a\u001b[2J', { b: 'c\rd' }] }] }).join('\n');
    expect(text).not.toMatch(/[\u001b\r]/);
  });
});
