import { instanceIdOf, parseInstanceCrn } from './crn';

const guid = '3F0D2A9E-0a35-4e0f-9d5c-1f2e3d4c5b6a';
const stem = `crn:v1:bluemix:public:kmip:eu-de:a/account1:${guid}`;

describe('parseInstanceCrn', () => {
  it.each([stem, `${stem}:`, `${stem}::`])('reads %s and keeps it as received', (text) => {
    const crn = parseInstanceCrn(text);
    expect(crn).toEqual({
      text,
      serviceName: 'kmip',
      region: 'eu-de',
      accountId: 'account1',
      serviceInstance: guid,
    });
    expect(instanceIdOf(crn)).toBe(guid.toLowerCase());
  });

  it.each([
    '',
    'crn',
    stem.replace('v1', 'v2'),
    stem.replace('a/account1', 'o/account1'),
    stem.replace('a/account1', 'a/'),
    stem.replace(guid, ''),
    stem.replace('eu-de', 'eu de'),
    `${stem}:::`,
    `${stem}:resource-key:x`,
    `${stem}\n`,
    `${stem}${'x'.repeat(2000)}`,
  ])('refuses %j', (text) => {
    expect(() => parseInstanceCrn(text)).toThrow(expect.objectContaining({ code: 'invalid_crn' }) as Error);
  });

  it('refuses to name an instance of ours by anything but a GUID', () => {
    expect(() => instanceIdOf(parseInstanceCrn(stem.replace(guid, 'abc')))).toThrow('not a GUID');
  });
});
