import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';

import { KEY_UNAVAILABLE_REASONS } from '@lib/vi-json';

import { GUIDE, guide, type Page, TRANSLATION } from '../support/guide';

const LANGUAGES = ['en', TRANSLATION] as const;
/** Stands before every list of clicks. */
const CLIENT = { en: '**In the vSphere Client**', [TRANSLATION]: '**在 vSphere Client 中**' } as const;
const folderOf = (language: (typeof LANGUAGES)[number]): string => (language === 'en' ? GUIDE : join(GUIDE, language));

/** Without blocks, whose lines may look like anything. */
const prose = (text: string): string => text.replaceAll(/^```\w+\n[\s\S]*?^```$/gm, '```');

/** Lines as what they are: the same in every language. */
function shapeOf(text: string): readonly string[] {
  return prose(text)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      if (/^#+ /.test(line)) return line.replace(/ .*/, '');
      if (line.startsWith('|')) return `${line.replaceAll('\\|', '').split('|').length} cells`;
      if (/^(- |\d+\. )/.test(line)) return line.replace(/ .*/s, '');
      return line.startsWith('<!--') || line === '```' ? line : 'text';
    });
}

interface Link {
  readonly file: string;
  readonly anchor?: string;
}

/** What stays in the repository. */
function linksOf({ text, name }: Page, folder: string): readonly Link[] {
  return [...prose(text).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, path = '', anchor]) => ({
    file: path === '' ? join(folder, name) : normalize(join(folder, path)),
    ...(anchor !== undefined && { anchor }),
  }));
}

/** As GitHub makes them of headings. */
function anchorsOf(file: string): ReadonlySet<string> {
  const headings = prose(readFileSync(file, 'utf8')).matchAll(/^#+ (.*)$/gm);
  return new Set(
    Array.from(headings, ([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

const outward = (text: string): readonly string[] =>
  [...text.matchAll(/\]\((https?:[^)]*)\)/g)].map(([, to = '']) => to);
/** Of one language the other's file. */
const inEnglish = (file: string): string => file.replace(`${GUIDE}/${TRANSLATION}/`, `${GUIDE}/`);

describe('docs/vmware', () => {
  const pages = guide('en');
  const translated = guide(TRANSLATION);
  const translationOf = ({ name }: Page): Page => translated.find((page) => page.name === name)!;

  it('has every page in both languages', () => {
    expect(translated.map(({ name }) => name)).toEqual(pages.map(({ name }) => name));
    expect(pages.length).toBeGreaterThan(8);
  });

  it.each(pages.map((page) => [page.name, page] as const))('%s is the same in both languages', (_, page) => {
    const other = translationOf(page);
    expect(other.steps).toEqual(page.steps);
    expect(shapeOf(other.text)).toEqual(shapeOf(page.text));
    expect(outward(other.text)).toEqual(outward(page.text));
    const within = (each: Page, folder: string): readonly string[] =>
      linksOf(each, folder)
        .map(({ file }) => inEnglish(file))
        .filter((file) => !file.endsWith(`/${page.name}`));
    expect(within(other, folderOf(TRANSLATION))).toEqual(within(page, folderOf('en')));
    // What is code is nobody's language.
    const code = (text: string): readonly string[] =>
      [...prose(text).matchAll(/`[^`\n]+`/g)].map(([span]) => span).toSorted();
    expect(code(other.text)).toEqual(code(page.text));
  });

  it.each(LANGUAGES)('leads nowhere that is not there (%s)', (language) => {
    const folder = folderOf(language);
    const broken = guide(language).flatMap((page) =>
      linksOf(page, folder)
        .filter(({ file, anchor }) => !existsSync(file) || (anchor !== undefined && !anchorsOf(file).has(anchor)))
        .map(({ file, anchor }) => `${page.name}: ${file}#${anchor ?? ''}`),
    );
    expect(broken).toEqual([]);
  });

  it.each(LANGUAGES)(
    'can be reached page by page from its index, from README.md, and from the other language (%s)',
    (language) => {
      const folder = folderOf(language);
      const all = guide(language);
      const index = all.find(({ name }) => name === 'README.md')!;
      const listed = new Set(linksOf(index, folder).map(({ file }) => file));
      for (const { name } of all.filter((page) => page !== index)) expect([...listed]).toContain(join(folder, name));
      const other = folderOf(language === 'en' ? TRANSLATION : 'en');
      for (const page of all) {
        expect(linksOf(page, folder).map(({ file }) => file)).toContain(join(other, page.name));
      }
      expect(readFileSync('README.md', 'utf8')).toContain(`](${join(folder, 'README.md')})`);
    },
  );

  it.each(LANGUAGES)('marks everything that is done by hand (%s)', (language) => {
    for (const { text } of guide(language)) {
      const clicks = text.split('\n').filter((line) => line === CLIENT[language]).length;
      const marked = text.split(/<!-- by hand: .* -->\n\n/).slice(1);
      expect(marked.filter((rest) => rest.startsWith(CLIENT[language]))).toHaveLength(clicks);
      expect(marked).toHaveLength(clicks);
    }
  });

  it('runs all but what needs what a test cannot have', () => {
    const left = pages.flatMap(({ steps }) => steps.filter((step) => step.kind === 'commands' && !step.run));
    expect(left.map(({ text }) => text)).toEqual([
      'esxcli system security keypersistence disable --remove-all-stored-keys\n',
    ]);
  });

  describe('troubleshooting.md', () => {
    const { text } = pages.find(({ name }) => name === 'troubleshooting.md')!;

    it('has every reason that vCenter gives of a key', () => {
      const rows = [...text.matchAll(/^\| `(\w+)` +\|/gm)].map(([, word]) => word);
      expect(rows).toEqual(expect.arrayContaining([...KEY_UNAVAILABLE_REASONS]));
    });

    it('quotes sentences that the service says', () => {
      const section = text.slice(text.indexOf('## Sentences of the service'));
      const rows = [...section.matchAll(/^\| `(\w+)` *\| (.*?) *\|/gm)];
      expect(rows.length).toBeGreaterThan(8);
      const errors = readFileSync('docs/errors.md', 'utf8');
      for (const [, code = '', sentence = ''] of rows) {
        expect(errors).toMatch(new RegExp(`\\| \`${code}\` \\| \\w+ \\| ${escaped(sentence)}`));
      }
    });
  });
});

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
