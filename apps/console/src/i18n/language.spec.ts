import { preferredLanguage, regionOf } from './language';

describe('the language of the console', () => {
  it.each([
    [['zh-CN', 'en'], null, 'zh-CN'],
    [['zh-TW'], null, 'zh-CN'],
    [['de-DE', 'en-GB', 'zh'], null, 'en'],
    [['de-DE'], null, 'en'],
    [[], null, 'en'],
    [['en'], 'zh-CN', 'zh-CN'],
    [['zh-CN'], 'en', 'en'],
    [['zh-CN'], 'tlh', 'zh-CN'],
    [['en'], 'toString', 'en'],
  ])('is, where the browser prefers %j and %s was chosen, %s', (preferences, chosen, language) => {
    expect(preferredLanguage(preferences, chosen)).toBe(language);
  });

  it.each([
    ['en', ['de-DE', 'en-GB'], 'en-GB'],
    ['en', ['en', 'en-US'], 'en-US'],
    ['en', ['zh-CN'], 'en'],
    ['zh-CN', ['zh-TW', 'en-US'], 'zh-CN'],
  ])('%s writes dates for who prefers %j as in %s', (language, preferences, region) => {
    expect(regionOf(language, preferences)).toBe(region);
  });
});
