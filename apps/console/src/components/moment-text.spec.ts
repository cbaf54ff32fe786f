import { momentText } from './moment-text';

const AT = new Date('2026-12-01T16:05:09.000Z');

describe('an instant', () => {
  it.each([
    ['en-US', 'Dec 1, 2026,', /^5:05:09\sPM GMT\+1$/],
    ['en-GB', '1 Dec 2026,', /^17:05:09 CET$/],
    ['zh-CN', '2026年12月1日', /^GMT\+1 17:05:09$/],
  ])('is said in %s by day and by time, with its zone', (region, day, time) => {
    expect(momentText(region, 'Europe/Berlin')(AT)).toMatchObject({ day, time: expect.stringMatching(time) as string });
  });
});
