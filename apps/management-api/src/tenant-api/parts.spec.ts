import { type Instance } from '@lib/tenancy';
import { type InstanceId } from '@lib/kernel';

import { type OperationCall } from '../http/operation';
import { daysUntil } from './client-certificates/client-certificate.response';
import { nextStep, stateOf } from './instances/instance.response';
import { pageAnswer, pageRequest, restById } from './paging';
import { periodOf } from './period';
import { parseRootKeyCrn, rootKeyCrn } from './root-key/root-key-crn';

const call = (query: Record<string, string | number | boolean>): OperationCall =>
  ({ query: { limit: 2, ...query }, target: '/v1/things' }) as unknown as OperationCall;
const options = { cursorOf: (item: string) => [item], present: (item: string) => ({ item }) };
const start = (body: unknown): string => (body as { next: { start: string } }).next.start;

describe('paging', () => {
  it('links to the next page, and ends without a link', () => {
    const { body } = pageAnswer(call({ state: 'active' }), 'https://h', 'things', ['a', 'b', 'c'], options);
    expect(body).toMatchObject({
      limit: 2,
      first: { href: 'https://h/v1/things?state=active&limit=2' },
      next: { href: expect.stringContaining('state=active&start=') as string },
      things: [{ item: 'a' }, { item: 'b' }],
    });
    expect(pageAnswer(call({}), 'https://h', 'things', ['a', 'b'], options).body).not.toHaveProperty('next');
  });

  it('comes back with the cursor', () => {
    const { body } = pageAnswer(call({ state: 'active' }), 'https://h', 'things', ['a', 'b', 'c'], options);
    expect(pageRequest(call({ state: 'active', start: start(body) }), 1)).toEqual({ limit: 2, after: ['b'] });
  });

  it.each([
    ['other filters', { state: 'destroyed' }],
    ['no filters', {}],
  ])('refuses a token with %s', (_name, query) => {
    const { body } = pageAnswer(call({ state: 'active' }), 'https://h', 'things', ['a', 'b', 'c'], options);
    expect(() => pageRequest(call({ ...query, start: start(body) }), 1)).toThrow('page token');
  });

  it('goes on by id in a collection that is read whole', () => {
    const items = ['c', 'a', 'd', 'b'];
    const idOf = (item: string): string => item;
    expect(restById(items, { after: undefined }, idOf)).toEqual(['a', 'b', 'c', 'd']);
    expect(restById(items, { after: ['b'] }, idOf)).toEqual(['c', 'd']);
    expect(restById(items, { after: ['d'] }, idOf)).toEqual([]);
    expect(items).toEqual(['c', 'a', 'd', 'b']);
  });

  it('shows no more than a page of what is left', () => {
    const { body } = pageAnswer(call({}), 'https://h', 'things', ['a', 'b', 'c', 'd'], options);
    expect(body).toMatchObject({ things: [{ item: 'a' }, { item: 'b' }] });
    expect(pageRequest(call({ start: start(body) }), 1).after).toEqual(['b']);
  });

  it.each(['x', 'e30', 'W10', 'WzFd', Buffer.from('["a","b","c"]').toString('base64url')])('refuses %s', (token) => {
    expect(() => pageRequest(call({ start: token }), 1)).toThrow('page token');
  });
});

describe('periodOf', () => {
  const at = (text: string): Date => new Date(text);

  it.each([
    [undefined, {}],
    ['2026-11-01', { from: at('2026-11-01'), before: at('2026-11-02') }],
    ['gte:2026-11-01', { from: at('2026-11-01') }],
    ['gt:2026-11-01', { from: at('2026-11-02') }],
    ['lt:2026-11-01', { before: at('2026-11-01') }],
    ['lte:2026-11-01', { before: at('2026-11-02') }],
    ['gt:2026-11-01T10:00:00Z', { from: at('2026-11-01T10:00:00.001Z') }],
    ['lte:2026-11-01T10:00:00.5Z', { before: at('2026-11-01T10:00:00.501Z') }],
    ['gte:2026-11-01,lt:2026-12-01', { from: at('2026-11-01'), before: at('2026-12-01') }],
  ])('reads %s', (text, period) => {
    expect(periodOf('x', text)).toEqual(period);
  });

  it.each(['2026-13-01', 'gte:2026-11-01,gt:2026-11-02', '2026-11-01,lt:2026-12-01', 'eq:2026-11-01', ''])(
    'refuses %s',
    (text) => {
      expect(() => periodOf('x', text)).toThrow('comparisons');
    },
  );
});

describe('instances', () => {
  const instance = (change: Partial<Instance>): Instance =>
    ({ id: 'i' as InstanceId, state: 'installed', enabled: true, ...change }) as Instance;

  it.each<[Partial<Instance>, string]>([
    [{}, 'installed'],
    [{ enabled: false }, 'disabled'],
    [{ enabled: false, state: 'inactive' }, 'disabled'],
    [{ enabled: false, state: 'removing' }, 'removing'],
    [{ enabled: false, state: 'failed' }, 'failed'],
  ])('%p is %s', (change, state) => {
    expect(stateOf(instance(change))).toBe(state);
  });

  const well = { state: 'well' } as const;
  const unused = { health: { state: 'unknown' }, isConnected: false, liveKeys: 0, keyMoves: [] } as const;
  const nothing = { hasCredential: false, hasRootKey: false, hasCertificate: false, ...unused };
  const complete = { hasCredential: true, hasRootKey: true, hasCertificate: true, ...unused };
  it.each([
    ['inactive', nothing, 'set_credential'],
    ['inactive', { ...nothing, hasCredential: true }, 'set_root_key'],
    ['installed', { ...nothing, hasCredential: true, hasRootKey: true }, 'add_client_certificate'],
    ['installed', complete, 'connect_clients'],
    ['installed', { ...complete, health: well }, 'connect_clients'],
    ['installed', { ...complete, isConnected: true }, 'make_first_key'],
    ['installed', { ...complete, isConnected: true, liveKeys: 1, health: well }, 'none'],
    ['installed', { ...complete, liveKeys: 1 }, 'none'],
    ['installed', { ...complete, liveKeys: 1, health: { state: 'attention' } }, 'solve_problems'],
    [
      'installed',
      { ...complete, liveKeys: 1, keyMoves: [{ state: 'paused' }, { state: 'hindered' }] },
      'unblock_key_move',
    ],
    ['installed', { ...complete, liveKeys: 1, keyMoves: [{ state: 'paused' }] }, 'resume_key_move'],
    ['installed', { ...complete, liveKeys: 1, keyMoves: [{ state: 'moving' }, { state: 'staying' }] }, 'none'],
    ['installed', { ...nothing, liveKeys: 1, health: { state: 'attention' } }, 'set_credential'],
    ['disabled', { ...complete, liveKeys: 1, health: well }, 'enable_instance'],
    ['installing', nothing, 'wait'],
    ['configuring', { ...nothing, hasCredential: true }, 'set_root_key'],
    ['disabled', nothing, 'enable_instance'],
    ['removing', nothing, 'none'],
    ['failed', nothing, 'contact_support'],
  ] as const)('%s with %p: %s', (state, completeness, code) => {
    expect(nextStep(state, completeness).code).toBe(code);
  });
});

describe('days until expiry', () => {
  const now = new Date('2026-11-24T12:00:00Z');
  it.each([
    ['2026-11-25T12:00:00Z', 1],
    ['2026-11-25T11:59:59Z', 0],
    ['2026-11-24T11:59:59Z', -1],
    ['9999-12-31T23:59:59Z', 36_500],
  ])('%s: %d', (date, days) => {
    expect(daysUntil(new Date(date), now)).toBe(days);
  });
});

describe('root key CRN', () => {
  const key = '5a1b3d1c-0a01-4f0c-9f0e-2f0c7e9f6a2e';
  const crn = `crn:v1:bluemix:public:kms:us-south:a/acc:ed20abbe-8870-44e6-90f7-56d764c21127:key:${key}`;

  it('is taken apart and put together', () => {
    expect(parseRootKeyCrn(crn)).toEqual({ keyManagerCrn: `${crn.split(':key')[0] ?? ''}::`, rootKeyId: key });
    expect(rootKeyCrn(parseRootKeyCrn(crn))).toBe(crn);
  });

  it.each([`\ufeff${crn}\r\n`, `"${crn}"`, `  ${crn}\u00a0`])('is taken as people paste it: %j', (pasted) => {
    expect(rootKeyCrn(parseRootKeyCrn(pasted))).toBe(crn);
  });

  it.each(['', 'key', crn.replace('crn', 'CRN'), crn.replace('kms', 'k s'), `${crn}\n${crn}`, crn.replace('v1', 'v2')])(
    'says what it wanted instead of %j',
    (text) => {
      expect(() => parseRootKeyCrn(text)).toThrow(/Copy it whole/);
    },
  );

  it.each([crn.replace(':key:', '::'), `${crn}:x`, crn.replace(key, '../x'), crn.replace(':key:', ':ring:')])(
    'refuses %s',
    (text) => {
      expect(() => parseRootKeyCrn(text)).toThrow('CRN');
    },
  );
});
