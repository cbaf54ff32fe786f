import { PlaceGate } from './place-gate';

describe('PlaceGate', () => {
  it('limits all places and gives them back', () => {
    const gate = new PlaceGate(2, 2);
    const first = gate.take();
    expect([gate.take(), gate.take()].map((place) => place === undefined)).toEqual([false, true]);
    first?.release();
    first?.release();
    expect(gate.taken).toBe(1);
    expect(gate.take()).toBeDefined();
    expect(gate.take()).toBeUndefined();
  });

  it('limits the places of a group and keeps none for the refused', () => {
    const gate = new PlaceGate(10, 1);
    const first = gate.take();
    expect(first?.assign('a')).toBe(true);
    expect(gate.take()?.assign('a')).toBe(false);
    expect(gate.take()?.assign('b')).toBe(true);
    expect(gate.taken).toBe(2);
    first?.release();
    expect(gate.take()?.assign('a')).toBe(true);
  });

  it('knows who holds the most', () => {
    const gate = new PlaceGate(10, 10);
    expect(gate.largestGroup()).toBeUndefined();
    gate.take();
    const places = ['a', 'b', 'b'].map((group) => {
      const place = gate.take();
      place?.assign(group);
      return place;
    });
    expect(gate.largestGroup()).toBe('b');
    places.slice(1).forEach((place) => place?.release());
    expect(gate.largestGroup()).toBe('a');
  });

  it('does not count a place that was released meanwhile', () => {
    const gate = new PlaceGate(10, 1);
    const place = gate.take();
    place?.release();
    expect(place?.assign('a')).toBe(false);
    expect(gate.take()?.assign('a')).toBe(true);
  });
});
