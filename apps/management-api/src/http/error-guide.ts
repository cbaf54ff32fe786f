/** Codes of a section of docs/errors.md are addressed as `#<prefix>-<code>`. */
const PREFIXES: Readonly<Record<string, string>> = {
  KMIP: 'kmip',
  'Connection attempts': 'verdict',
  'Tenant API': 'error',
};

/** Where the page stands; every `more_info` is this, a hash and {@link errorAnchor}. */
export const ERROR_GUIDE_PATH = '/v1/errors';

export const errorAnchor = (code: string): string => `error-${code}`;

/**
 * docs/errors.md as a page, each row of a table addressable by its code. Knows the Markdown of that file and no more:
 * headings, paragraphs, lists, tables, emphasis and code.
 */
export function errorGuide(markdown: string): string {
  let prefix = '';
  const blocks = blocksOf(markdown).map((block) => {
    const heading = /^(#{1,3}) (.+)$/.exec(block);
    if (!heading) return block.startsWith('|') ? table(block, prefix) : prose(block);
    const [, { length: level } = '', text = ''] = heading;
    prefix = PREFIXES[text] ?? '';
    return `<h${level}>${inline(text)}</h${level}>`;
  });
  return page(blocks.join('\n'));
}

const blocksOf = (markdown: string): string[] =>
  markdown
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter((block) => block !== '');

function prose(block: string): string {
  if (!block.startsWith('- ')) return `<p>${inline(block)}</p>`;
  const items = block.split(/^- /m).filter((item) => item !== '');
  return `<ul>${items.map((item) => `<li>${inline(item.trim())}</li>`).join('')}</ul>`;
}

function table(block: string, prefix: string): string {
  const [head = [], , ...rows] = block.split('\n').map(cellsOf);
  const body = rows.map((cells) => {
    const code = /^`([a-z_]+)`$/.exec(cells[0] ?? '')?.[1];
    const id = code === undefined || prefix === '' ? '' : ` id="${prefix}-${code}"`;
    return `<tr${id}>${cells.map((cell) => `<td>${inline(cell)}</td>`).join('')}</tr>`;
  });
  const titles = head.map((cell) => `<th scope="col">${inline(cell)}</th>`).join('');
  return `<table><thead><tr>${titles}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`;
}

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');

/** Code first: nothing within it is emphasis. */
const inline = (text: string): string =>
  escaped(text)
    .split(/(`[^`]+`)/)
    .map((part) => (part.startsWith('`') ? `<code>${part.slice(1, -1)}</code>` : emphasized(part)))
    .join('');

const emphasized = (text: string): string =>
  text
    .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replaceAll(/\*([^*]+)\*/g, '<em>$1</em>')
    .replaceAll(/\b_([^_]+)_\b/g, '<em>$1</em>');

const page = (content: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>KMIP for VMware: errors</title>
    <link rel="stylesheet" href="${ERROR_GUIDE_PATH}/page.css" />
  </head>
  <body>
    <nav class="bar" aria-label="KMIP for VMware"><a href="/console/">KMIP for VMware</a></nav>
    <main>
${content}
    </main>
  </body>
</html>
`;
