import { topicsOf } from './live';

describe('what an event makes be fetched', () => {
  it('is what it is about', () => {
    expect(topicsOf('{"id":"x","type":"attempt","state":"accepted"}')).toEqual([
      'attempts',
      'certificates',
      'instance',
    ]);
    expect(topicsOf('{"type":"move.progress","keys_moved":7}')).toEqual(['root_key', 'instance']);
  });

  it('is the instance with a key, whose overview counts the live ones', () => {
    expect(topicsOf('{"type":"key","state":"destroyed"}')).toEqual(expect.arrayContaining(['keys', 'instance']));
    expect(topicsOf('{"type":"shred-plan","state":"carried_out"}')).toEqual(
      expect.arrayContaining(['shred_plans', 'keys', 'instance']),
    );
  });

  it.each(['{"type":"reset"}', '{"type":"of-tomorrow"}', '{"type":"toString"}', '{}', 'x', 'null'])(
    'is everything for %s',
    (data) => {
      expect(topicsOf(data)).toContain('shred_plans');
    },
  );
});
