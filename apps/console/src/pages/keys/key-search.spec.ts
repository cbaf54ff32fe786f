import { identifierIn, keyQueryOf } from './key-search';

const asked = (query: string) => keyQueryOf(new URLSearchParams(query));

describe('a search for keys', () => {
  it('is by the name of the machine, if nothing else is said', () => {
    expect(asked('text=web-01')).toEqual({ limit: 50, attribute: 'x-Name=web-01' });
    expect(asked('by=machine&text=%20web-01%20')).toEqual({ limit: 50, attribute: 'x-Name=web-01' });
  });

  it('is by name or attribute, if that is said', () => {
    expect(asked('by=name&text=vm-disk-17')).toEqual({ limit: 50, name: 'vm-disk-17' });
    expect(asked('by=attribute&text=x-Component%3DVM')).toEqual({ limit: 50, attribute: 'x-Component=VM' });
  });

  it('is none for an identifier, which leads to its key', () => {
    const search = new URLSearchParams('by=identifier&text=0D45EDAA-456f-48f2-abff-c01fd6b7530f');
    expect(identifierIn(search)).toBe('0d45edaa-456f-48f2-abff-c01fd6b7530f');
    expect(identifierIn(new URLSearchParams('by=identifier&text=../x'))).toBeUndefined();
    expect(identifierIn(new URLSearchParams('text=abc'))).toBeUndefined();
  });

  it('takes states, flags, days and an order', () => {
    expect(
      asked('state=active&servable=false&suspended=true&from=2026-11-01&to=2026-11-30&unfetched=2026-06-01&sort=name'),
    ).toEqual({
      limit: 50,
      state: 'active',
      servable: false,
      suspended: true,
      created_at: 'gte:2026-11-01,lt:2026-12-01',
      last_fetched_at: 'lt:2026-06-01',
      sort: 'name',
    });
    expect(asked('to=2028-02-28')).toMatchObject({ created_at: 'lt:2028-02-29' });
  });

  it('leaves out what it does not understand', () => {
    expect(asked('state=lost&servable=maybe&from=yesterday&sort=size&by=colour')).toEqual({ limit: 50 });
  });
});
