import { API_ERRORS } from './api-error';
import { readErrorGuide } from './error-guide.controller';
import { errorAnchor, errorGuide } from './error-guide';

describe('the page about errors', () => {
  const page = readErrorGuide();

  it('has the place that the more_info of each error points at, with cause and remedy', () => {
    for (const code of Object.keys(API_ERRORS)) {
      expect(page).toMatch(new RegExp(`<tr id="${errorAnchor(code)}"><td><code>${code}</code></td>.*[.!]</td>`));
    }
  });

  it('has a place for each code that a KMIP message ends in', () => {
    for (const code of ['internal', 'root_key_disabled', 'quota_exceeded']) expect(page).toContain(`id="kmip-${code}"`);
  });

  it('addresses nothing twice', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('leaves no Markdown and no open markup', () => {
    expect(page).not.toMatch(/^(#|\||- )|`|\*\*/m);
    for (const tag of ['table', 'ul', 'p', 'td', 'code', 'em']) {
      expect(page.split(`<${tag}>`).length).toBe(page.split(`</${tag}>`).length);
    }
  });

  it('writes text as text', () => {
    expect(errorGuide('a <b> & "c" `_d_ <e>` _f_ snake_case_name')).toContain(
      '<p>a &lt;b&gt; &amp; &quot;c&quot; <code>_d_ &lt;e&gt;</code> <em>f</em> snake_case_name</p>',
    );
  });
});
