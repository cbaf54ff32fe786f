import { preferredLanguage } from './language';

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
});
