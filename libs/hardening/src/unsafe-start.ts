/**
 * Ways to start Node that let secrets out of a process or weaken what its connections rest on. Prefixes: `--inspect` is
 * also `--inspect-brk` and `--inspect=0.0.0.0`. Underscores count as hyphens, as they do for Node.
 */
const FLAGS: readonly (readonly [flag: RegExp, because: string])[] = [
  [/^--(inspect|debug)(-|=|$)/, 'a debugger reads all memory'],
  [/^--(tls-keylog|trace-tls)(=|$)/, 'it gives away what TLS protects'],
  [/^--tls-min-v1\.[01]$/, 'it admits versions of TLS that are broken'],
  [
    /^--(tls-cipher-list|openssl-legacy-provider|openssl-config|openssl-shared-config|security-reverts?)(=|$)/,
    'it weakens TLS',
  ],
  [/^--insecure-http-parser$/, 'it admits requests that proxies read differently'],
  [/^--(report|heapsnapshot|heap-prof|diagnostic-dir)(-|=|$)/, 'it writes memory to files'],
  [/^--(abort-on-uncaught-exception)(-|=|$)/, 'it leaves memory behind in files'],
  [/^--(expose-internals|allow-natives-syntax)$/, 'it opens the inside of Node'],
];

const VARIABLES: readonly (readonly [variable: string, isUnsafe: (value: string) => boolean, because: string])[] = [
  ['NODE_TLS_REJECT_UNAUTHORIZED', (value) => value === '0', 'it switches the check of server certificates off'],
  ['SSLKEYLOGFILE', (value) => value !== '', 'it gives away what TLS protects'],
  ['OPENSSL_CONF', (value) => value !== '', 'it may weaken TLS'],
  ['NODE_V8_COVERAGE', (value) => value !== '', 'it opens the inspector'],
];

/** Lets a developer start all the same; never for a process that holds keys of others. */
export const DEVELOPMENT_SWITCH = 'ALLOW_UNSAFE_NODE_OPTIONS';

export interface Start {
  /** Flags of the command line. */
  readonly execArgv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** @returns what is unsafe about this start, by the name of a flag or variable, never by its value; empty: nothing */
export function unsafeParts({ execArgv, environment }: Start): readonly string[] {
  const flags = [...flagsOf(execArgv), ...flagsOf(words(environment['NODE_OPTIONS'] ?? ''))];
  const ofFlags = flags.flatMap((flag) => {
    const [, because] = FLAGS.find(([pattern]) => pattern.test(flag)) ?? [];
    return because === undefined ? [] : [`${flag.split('=')[0] ?? ''} (${because})`];
  });
  const ofVariables = VARIABLES.filter(([variable, isUnsafe]) => isUnsafe(environment[variable] ?? '')).map(
    ([variable, , because]) => `${variable} (${because})`,
  );
  return [...new Set([...ofFlags, ...ofVariables])];
}

/** What the operator is told; undefined when the start is safe. */
export function refusalOf(start: Start): string | undefined {
  const parts = unsafeParts(start);
  if (parts.length === 0) return undefined;
  return `This process holds keys and does not start with ${parts.join(', ')}. Take it away and start again.`;
}

const flagsOf = (args: readonly string[]): string[] => {
  const dashed = args.filter((argument) => argument.startsWith('--'));
  return dashed.map((argument) => {
    const [name = '', ...value] = argument.split('=');
    return [name.replaceAll('_', '-').toLowerCase(), ...value].join('=');
  });
};

/** As Node divides NODE_OPTIONS: at spaces outside of double quotes. */
const words = (text: string): string[] =>
  [...text.matchAll(/(?:[^\s"]|"(?:\\.|[^"\\])*")+/g)].map(([word]) => word.replaceAll('"', ''));
