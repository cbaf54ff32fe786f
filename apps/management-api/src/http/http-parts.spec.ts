import { type Clock } from '@lib/kernel';

import { entityTag, ifMatchAllows, ifNoneMatchHits } from './entity-tag';
import { bareMediaType, preferredType } from './media-types';
import { RateLimiter } from './rate-limiter';
import { traceOf } from './tracing';

describe('entity tags', () => {
  const tag = entityTag('7', { name: 'a' });

  it('is a quoted-string body of base-36 digits, of fixed length', () => {
    expect(tag).toMatch(/^[0-9a-z]{32}$/);
  });

  it('lets a change through when only the representation moved on', () => {
    const later = entityTag('7', { name: 'a', last_seen: 'now' });
    expect(later).not.toBe(tag);
    expect(ifMatchAllows(`"${tag}"`, '7')).toBe(true);
    expect(ifNoneMatchHits(`"${tag}"`, later)).toBe(false);
  });

  it('stops a change after another version was stored', () => {
    expect(ifMatchAllows(`"${tag}"`, '8')).toBe(false);
  });

  it.each([
    [undefined, true],
    ['*', true],
    [`"${tag}"`, true],
    [`"zzzzzzzzzzzzzzzz", "${tag}"`, true],
    ['"zzzzzzzzzzzzzzzz"', false],
    [`"${tag.slice(0, 16)}"`, false],
    ['""', false],
  ])('If-Match %s allows: %p', (header, allowed) => {
    expect(ifMatchAllows(header, '7')).toBe(allowed);
  });

  it.each([
    [undefined, false],
    ['*', true],
    [`W/"${tag}"`, true],
    [`"a", "${tag}"`, true],
    ['"a"', false],
  ])('If-None-Match %s hits: %p', (header, hit) => {
    expect(ifNoneMatchHits(header, tag)).toBe(hit);
  });
});

describe('media types', () => {
  it.each([
    ['Application/JSON; charset=utf-8', 'application/json'],
    [undefined, ''],
    [';', ''],
  ])('%s is bare %s', (header, bare) => {
    expect(bareMediaType(header)).toBe(bare);
  });

  it.each([
    [undefined, 'application/x-ndjson'],
    ['', 'application/x-ndjson'],
    ['*/*', 'application/x-ndjson'],
    ['application/*;q=0.3', 'application/x-ndjson'],
    ['application/json', 'application/json'],
    ['text/html, application/json;q=0.5', 'application/json'],
    ['application/x-ndjson;q=0.5, application/JSON', 'application/json'],
    ['*/*, application/x-ndjson;q=0', 'application/json'],
    ['text/html, */*;q=0.1', 'application/x-ndjson'],
    ['text/html', undefined],
    ['application/json;q=0', undefined],
    ['application/json;q=much', undefined],
  ])('Accept %s: %p', (header, type) => {
    expect(preferredType(header, ['application/x-ndjson', 'application/json'])).toBe(type);
  });
});

describe('traceOf', () => {
  it.each([
    ['ab12cd34', true],
    ['a, b_c-d 1', true],
    ['short', false],
    ['x'.repeat(1025), false],
    ['line\nbreak-1', false],
    ['<script>alert(1)</script>', false],
    [undefined, false],
  ])('X-Request-ID %.20s is repeated: %p', (given, repeated) => {
    expect(traceOf(given).requestId === given).toBe(repeated);
  });

  it('never takes the correlation id from outside', () => {
    expect(traceOf('ab12cd34-ab12').correlationId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  });
});

describe('RateLimiter', () => {
  let now = 0;
  const clock: Clock = { now: () => new Date(now), monotonicMs: () => now };

  beforeEach(() => {
    now = 0;
  });

  it('allows the burst, then says when to come back', () => {
    const limiter = new RateLimiter({ perSecond: 0.5, burst: 3 }, clock);
    expect([1, 2, 3, 4].map(() => limiter.take('a'))).toEqual([0, 0, 0, 2]);
    expect(limiter.take('b')).toBe(0);
    now += 2000;
    expect([limiter.take('a'), limiter.take('a')]).toEqual([0, 2]);
  });

  it('never saves up more than the burst', () => {
    const limiter = new RateLimiter({ perSecond: 10, burst: 2 }, clock);
    now += 3_600_000;
    expect([1, 2, 3].map(() => limiter.take('a'))).toEqual([0, 0, 1]);
  });

  it('forgets the longest idle caller, not a busy one', () => {
    const limiter = new RateLimiter({ perSecond: 0.001, burst: 1 }, clock, 2);
    limiter.take('busy');
    limiter.take('idle');
    limiter.take('busy');
    limiter.take('new');
    expect(limiter.take('busy')).toBeGreaterThan(0);
    expect(limiter.take('idle')).toBe(0);
  });
});
