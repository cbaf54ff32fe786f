/**
 * Where the grammar of PowerShell does not know what it reads: `node --liftoff-only scripts/powershell-syntax.mjs FILE...`
 * prints `FILE:LINE: TEXT` for each place, and nothing for scripts in order. Without the flag, V8 spends ten seconds on
 * optimising the grammar's largest function.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Language, Parser } from 'web-tree-sitter';

await Parser.init();
const grammar = createRequire(import.meta.url).resolve('tree-sitter-powershell/tree-sitter-powershell.wasm');
const parser = new Parser().setLanguage(await Language.load(grammar));

for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, 'utf8');
  for (const { startPosition } of unknown(parser.parse(text).rootNode)) {
    console.log(`${file}:${startPosition.row + 1}: ${text.split('\n')[startPosition.row]}`);
  }
}

/** The innermost nodes that are an error or missing. */
function unknown(node) {
  if (!node.hasError) return [];
  const within = node.children.flatMap(unknown);
  return within.length === 0 ? [node] : within;
}
