import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

const CONSOLE = join(process.cwd(), 'dist', 'console');
/** What the first look at the console may take over the line: 400 KB, as its README promises. */
const LIMIT = 400_000;

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
  readonly assets?: readonly string[];
}

const manifest = JSON.parse(readFileSync(join(CONSOLE, '.vite', 'manifest.json'), 'utf8')) as Record<string, Chunk>;

/** Files that are fetched before a page of the console is there: itself, a language, and whatever they import. */
function filesOf(names: readonly string[]): ReadonlySet<string> {
  const files = new Set<string>();
  const take = (name: string): void => {
    const { file, imports = [], css = [], assets = [] } = manifest[name]!;
    if (files.has(file)) return;
    for (const one of [file, ...css, ...assets]) files.add(one);
    imports.forEach(take);
  };
  names.forEach(take);
  return files;
}

const sizeOf = (file: string): number => {
  const path = join(CONSOLE, file);
  // Fonts are compressed already; gzip is what every client takes, and larger than brotli.
  return statSync(file.endsWith('.woff2') ? path : `${path}.gz`).size;
};

/** A page that another one imports from lies in a chunk which both share, under its own name. */
const chunkOf = (page: string): string =>
  Object.keys(manifest).find((key) => key === `src/${page}.tsx`) ??
  Object.keys(manifest).find((key) => key.startsWith(`_${basename(page)}-`)) ??
  page;

describe('the console as it is built', () => {
  const routes = readFileSync(join(process.cwd(), 'apps', 'console', 'src', 'app', 'routes.tsx'), 'utf8');
  /** Of what a page fetches by itself once it is there, such as a chart, nobody waits for it. */
  const pages = Array.from(routes.matchAll(/import\('\.\.\/(pages\/[^']+)'\)/g), ([, page = '']) => chunkOf(page));

  it('has pages that are fetched by themselves', () => {
    expect(pages.length).toBeGreaterThan(10);
    for (const page of pages) expect(Object.keys(manifest)).toContain(page);
  });

  it.each(['en', 'zh-CN'])('takes less than 400 KB until any page is there, in %s', (language) => {
    const sizes = pages.map((page) => {
      const files = filesOf(['index.html', `src/i18n/${language}/index.ts`, page]);
      return [page, [...files].reduce((sum, file) => sum + sizeOf(file), sizeOf('index.html'))] as const;
    });
    const beyond = sizes.filter(([, size]) => size > LIMIT);
    expect(beyond).toEqual([]);
  });

  it('brings everything along: no address of another host is in what is loaded', () => {
    const files = filesOf(['index.html']);
    const styles = [...files].filter((file) => file.endsWith('.css'));
    for (const file of styles)
      expect(readFileSync(join(CONSOLE, file), 'utf8')).not.toMatch(/url\(["']?(https?:)?\/\//);
    expect(readFileSync(join(CONSOLE, 'index.html'), 'utf8')).not.toMatch(/(src|href)="(https?:)?\/\/|<script>|style=/);
  });
});
