import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(process.cwd(), 'apps', 'console', 'src', 'i18n');

/** What the console says in a language, in pieces without a value: a name that both languages have is too short. */
export function sentencesOf(language: 'en' | 'zh-CN'): readonly string[] {
  const folder = join(FOLDER, language);
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  const texts = files.flatMap((file) => textsOf(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
  const pieces = texts.flatMap((text) => text.split(/\{\{\w+\}\}/)).map((piece) => piece.trim());
  return [...new Set(pieces)].filter((piece) => piece.split(' ').length >= 4);
}

/** Where the texts lie: `audit.verify.title`. */
export function keysOf(language: 'en' | 'zh-CN'): readonly string[] {
  const folder = join(FOLDER, language);
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files
    .flatMap((file) => pathsOf(JSON.parse(readFileSync(join(folder, file), 'utf8'))))
    .filter((key) => key.includes('.'));
}

function textsOf(tree: unknown): readonly string[] {
  if (typeof tree === 'string') return [tree];
  return Object.values(tree as object).flatMap(textsOf);
}

function pathsOf(tree: unknown, path = ''): readonly string[] {
  if (typeof tree === 'string') return [path];
  return Object.entries(tree as object).flatMap(([key, value]) => pathsOf(value, path === '' ? key : `${path}.${key}`));
}
