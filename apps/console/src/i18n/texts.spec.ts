import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

import { VERDICTS } from '../pages/diagnosis/verdicts';
import en from './en';
import zh from './zh-CN';

const REPOSITORY = join(__dirname, '..', '..', '..', '..');
const SOURCES = join(__dirname, '..');

const { words, ...zhTexts } = zh;

/** Each text by its path: `common.loading`. */
function textsOf(tree: object, path = ''): readonly (readonly [string, string])[] {
  return Object.entries(tree).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'string' ? [[path + key, value] as const] : textsOf(value as object, `${path}${key}.`),
  );
}

/** Chinese counts everything in one form. */
const withoutForm = (key: string): string => key.replace(/_(one|other)$/, '');
const keysOf = (tree: object): readonly string[] => [...new Set(textsOf(tree).map(([key]) => withoutForm(key)))].sort();
const placeholdersOf = (text: string): readonly string[] => [...new Set(text.match(/\{\{\w+\}\}/g) ?? [])].sort();

describe('the texts of the console', () => {
  it('are there in both languages', () => {
    expect(keysOf(zhTexts)).toEqual(keysOf(en));
  });

  it('have every form that the language counts in', () => {
    const formsOf = (tree: object) => textsOf(tree).filter(([key]) => /_(one|other)$/.test(key));
    for (const [key] of formsOf(en))
      expect(Object.fromEntries(textsOf(en))).toHaveProperty([`${withoutForm(key)}_one`]);
    for (const [key] of formsOf(zhTexts)) expect(key).toMatch(/_other$/);
  });

  it('have the same places for values', () => {
    const chinese = new Map(textsOf(zhTexts));
    for (const [key, text] of textsOf(en)) {
      if (key.endsWith('_one')) continue;
      expect([key, placeholdersOf(chinese.get(key) ?? '')]).toEqual([key, placeholdersOf(text)]);
    }
  });

  it('are said, not left empty or in the other language', () => {
    for (const [key, text] of textsOf(en))
      expect([key, text]).toEqual([key, expect.stringMatching(/^[^\u4e00-\u9fff]+$/)]);
    const names = ['KMIP for VMware', 'CRN'];
    for (const [key, text] of [...textsOf(zhTexts), ...textsOf({ words })]) {
      if (!names.includes(text)) expect([key, text]).toEqual([key, expect.stringMatching(/[\u4e00-\u9fff]/)]);
    }
  });

  const errorGuide = readFileSync(join(REPOSITORY, 'docs', 'errors.md'), 'utf8');

  it('say of every connection attempt what docs/errors.md says', () => {
    const [, table = ''] = (errorGuide.split('## Tenant API')[0] ?? '').split('## Connection attempts');
    const rows = table.matchAll(/^\| `([a-z_]+)` \| (.+) \| (.+) \|$/gm);
    const said = Object.fromEntries(Array.from(rows, ([, code = '', message, remedy]) => [code, { message, remedy }]));
    expect(en.verdict).toEqual(said);
    expect(VERDICTS).toEqual(Object.keys(said));
  });

  it('tell of every error of the tenant API what helps', () => {
    const [, table = ''] = errorGuide.split('## Tenant API');
    const codes = Array.from(table.matchAll(/^\| `([a-z_]+)` \|/gm), ([, code]) => code);
    expect(codes.length).toBeGreaterThan(30);
    expect(Object.keys(en.errors).sort()).toEqual(codes.sort());
  });
});

/** Properties that people read or hear. */
const VISIBLE =
  /^(aria-label|title|subtitle|label|labelText|legendText|helperText|invalidText|placeholder|alt|heading|header|modalHeading|modalLabel|primaryButtonText|secondaryButtonText|closeButtonLabel|iconDescription|statusIconDescription|feedback|description|text|what|failed|never)$/;

/** Texts that stand in the source itself. */
function literalsIn(file: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const isRead = (node: ts.Node): boolean =>
    ts.isJsxElement(node.parent) ||
    ts.isJsxFragment(node.parent) ||
    (ts.isJsxExpression(node.parent) && !ts.isJsxAttribute(node.parent.parent)) ||
    (ts.isJsxAttribute(node.parent) && VISIBLE.test(node.parent.name.getText()));
  const visit = (node: ts.Node): void => {
    if ((ts.isJsxText(node) || ts.isStringLiteral(node)) && /\p{L}/u.test(node.text) && isRead(node)) {
      found.push(`${file}: ${node.text.trim()}`);
    }
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

it('the source has no text of its own', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.tsx'));
  expect(files.length).toBeGreaterThan(10);
  expect(files.flatMap((file) => literalsIn(join(SOURCES, file)))).toEqual([]);
});
