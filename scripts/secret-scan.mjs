#!/usr/bin/env node
// Looks for secrets in tracked files, or in the files given: node scripts/secret-scan.mjs [FILE...]
// Prints file, line and kind, never the secret. Own, as the forms that matter most here (service keys, IBM's API keys) are
// in no list of others, and a scanner with a hundred packages would be the larger risk.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Words that stand for a password in documents and tests. */
const PLACEHOLDER = /^(?:\$|<|\.|p$|x+$|password$|hunter2|secret-word$|change-me$)/i;

const KINDS = [
  ['private key', /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----(?:\s|\\n)*((?:[A-Za-z0-9+/=\s]|\\n){100,})/g],
  ['service key', /\bv[1-9]\d{0,5}:([A-Za-z0-9+/]{43}=)/g],
  ['password in a URL', /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@'"`]*:([^\s/@'"`]+)@/gi],
  ['token', /\b(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,})/g],
  [
    'cloud key',
    /\b((?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{30,}|xox[abprs]-[A-Za-z0-9-]{20,})\b/g,
  ],
  ['API key', /(?:api_?key|secret|token|password)\w*['"]?\s*[:=]\s*['"]?([A-Za-z0-9_-]{44})\b/gi],
  ['random text', /(?<![A-Za-z0-9+/_=-])([A-Za-z0-9+/_-]{40,}={0,2})(?![A-Za-z0-9+/_=-])/g],
];

/** Not secret although it looks so: by file, or by what stands on the line. Each exception is for what it names alone. */
const EXCEPTIONS = [
  { file: /^package-lock\.json$/, line: /"integrity": "sha/ },
  // Certificates that fuzzing has damaged; a private key would be found all the same.
  { kind: 'random text', file: /^test\/fuzz\/corpus\/pem\//, line: /^/ },
  // Names of the specification.
  { file: /kmip-protocol\/src\/spec\/enumerations\.ts$/, line: /^\s+\w+: \d+,$/ },
  // One made-up API key, in documents and tests.
  { line: /Xq7mN2pR9sT4vW6yZ8aB1cD3eF5gH0jKlMnOpQrStUvW/ },
  { file: /admin-mistakes\.e2e-spec\.ts$/, line: /wrong-api-key-0123456789/ },
  // The public key of RFC 8037 and its thumbprint.
  {
    kind: 'random text',
    line: /\b(?:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo|kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k)\b/,
  },
  // The published example of Standard Webhooks.
  { file: /webhook-signature\.spec\.ts$/, line: /g0hM9SsE\+OTPJTGt/ },
  // Addresses of thieves, which tests must see refused.
  { file: /endpoint-guard\.spec\.ts$/, line: /@evil\.example/ },
  { file: /parse-config\.spec\.ts$/, line: /https:\/\/user:\{region\}@kms/ },
];

/** Certificates and requests are public; what replaces them keeps the numbers of lines. */
const PUBLIC = /-----BEGIN CERTIFICATE(?: REQUEST)?-----[^-]*-----END/g;

/** Pages about vSphere have long names, with a GUID or a digest in them. */
const PAGES =
  /https:\/\/(?:docs\.vmware\.com|developer\.broadcom\.com|vdc-download\.vmware\.com|www\.tenable\.com)\/[^\s)?#"'`]+/g;

function findSecrets(file, content) {
  const blank = (block) => block.replaceAll(/[^\n]/g, ' ');
  const text = content.replaceAll(PUBLIC, blank).replaceAll(PAGES, blank);
  const findings = [];
  const lines = text.split('\n');
  for (const [kind, pattern] of KINDS) {
    for (const match of text.matchAll(pattern)) {
      const secret = match[1];
      if (PLACEHOLDER.test(secret) || (kind === 'random text' && !isRandom(secret))) continue;
      const number = text.slice(0, match.index).split('\n').length;
      const line = lines[number - 1] ?? '';
      const isKnown = (but) => (but.kind ?? kind) === kind && (but.file ?? /^/).test(file) && but.line.test(line);
      if (EXCEPTIONS.some(isKnown)) continue;
      findings.push({ file, line: number, kind });
    }
  }
  return findings;
}

/** As keys and tokens are, and names, paths and hexadecimal digests are not. */
function isRandom(text) {
  if (/^[0-9a-f-]+$/i.test(text) || !/[a-z]/.test(text) || !/[A-Z]/.test(text) || !/\d/.test(text)) return false;
  const counts = new Map();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits > 4.4;
}

const given = process.argv.slice(2);
const files =
  given.length > 0 ? given : execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(Boolean);
const findings = files.flatMap((file) => findSecrets(file, readFileSync(file, 'latin1')));
for (const { file, line, kind } of findings) console.error(`${file}:${line}: ${kind}`);
console.log(`${files.length} files searched, ${findings.length} secrets found`);
if (findings.length > 0) process.exitCode = 1;
