import { coverageIn, type InventoryDocument, readInventory, withCertificates } from './inventory-document';

const NOTHING = { takenAt: '', source: '' };
const BESIDE = { takenAt: '2026-11-23T10:05', source: 'both vCenters' };

describe('an inventory that somebody gives', () => {
  it('is the document of the tenant API', () => {
    const text = '{"taken_at":"2026-11-23T10:05:00Z","source":"PowerCLI","key_ids":["a-1","a-1"]}';
    expect(readInventory(text, NOTHING)).toEqual({
      taken_at: '2026-11-23T10:05:00.000Z',
      source: 'PowerCLI',
      key_ids: ['a-1', 'a-1'],
      covered_certificates: [],
      certificates_without_keys: [],
    });
  });

  it('is one identifier a line, with time and place beside it', () => {
    expect(readInventory('a-1\r\n\n a-2 \n', BESIDE)).toEqual({
      taken_at: new Date('2026-11-23T10:05').toISOString(),
      source: 'both vCenters',
      key_ids: ['a-1', 'a-2'],
      covered_certificates: [],
      certificates_without_keys: [],
    });
  });

  it.each([
    ['{"key_ids":', 'no_json'],
    ['{"takenAt":"2026-11-23T10:05:00Z","references":[]}', 'of_one_vcenter'],
    ['{"taken_at":"2026-11-23T10:05:00Z","source":"a"}', 'no_keys'],
    ['{"taken_at":"2026-11-23T10:05:00Z","source":"a","key_ids":[7]}', 'no_keys'],
    ['{"taken_at":"2026-11-23T10:05:00Z","source":"a","key_ids":[],"covered_certificates":"all"}', 'no_certificates'],
    ['{"source":"a","key_ids":[]}', 'no_time'],
    ['{"taken_at":"2026-11-23T10:05:00Z","key_ids":[]}', 'no_source'],
    ['a-1', 'no_time'],
  ])('is none: %s', (text, fault) => {
    expect(readInventory(text, NOTHING)).toBe(fault);
  });

  it('says of certificates what it says itself, unless something else is chosen', () => {
    const text =
      '{"taken_at":"2026-11-23T10:05:00Z","source":"a","key_ids":[],"covered_certificates":["aa","bb"],"certificates_without_keys":["cc"]}';
    const document = readInventory(text, NOTHING) as InventoryDocument;
    expect(['aa', 'cc', 'dd'].map((each) => coverageIn(document, each))).toEqual([
      'covered',
      'without_keys',
      undefined,
    ]);
    const said = new Map([
      ['bb', 'without_keys' as const],
      ['cc', undefined],
      ['dd', 'covered' as const],
    ]);
    expect(withCertificates(document, said, ' EE:FF \n')).toMatchObject({
      covered_certificates: ['aa', 'dd', 'eeff'],
      certificates_without_keys: ['bb'],
    });
  });
});
