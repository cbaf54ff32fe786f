import { migrationSettings } from './processes/common-settings';
import { gatewayConfig } from './processes/gateway.config';
import { launcherConfig } from './processes/launcher.config';
import { localCloudConfig } from './processes/local-cloud.config';
import { localVcenterConfig } from './processes/local-vcenter.config';
import { managementApiConfig } from './processes/management-api.config';
import { type ConfigSchema } from './setting';

/** One line of the reference. */
export interface ConfigRow {
  readonly variable: string;
  readonly meaning: string;
  readonly expected: string;
  /** Text of the default; undefined when there is none. */
  readonly fallback?: string;
  readonly required: boolean;
  readonly secret: boolean;
  readonly consequence: string;
}

/** The variables of a process as data, in the order of its schema. */
export function describeConfig(schema: ConfigSchema): readonly ConfigRow[] {
  return Object.values(schema).map(({ variable, meaning, consequence, type, fallback, presence }) => ({
    variable,
    meaning,
    expected: type.expected,
    ...(fallback === undefined ? {} : { fallback }),
    required: presence === 'required' && fallback === undefined,
    secret: type.secret ?? false,
    consequence,
  }));
}

const PROCESSES: readonly { readonly title: string; readonly purpose: string; readonly schema: ConfigSchema }[] = [
  {
    title: 'KMIP gateway',
    purpose: 'Serves vCenter over KMIP. Several may run beside each other.',
    schema: gatewayConfig,
  },
  {
    title: 'Management API',
    purpose: 'Serves tenants and the IBM Cloud catalog over HTTP.',
    schema: managementApiConfig,
  },
  {
    title: 'Migration',
    purpose: '`migrate` of the command line brings the database up to date and makes the logins of the processes.',
    schema: { databaseUrl: launcherConfig.databaseUrl, ...migrationSettings },
  },
  {
    title: 'Local cloud',
    purpose: 'Stands in for the IBM Cloud services in development, evaluation and tests. Never for production.',
    schema: localCloudConfig,
  },
  {
    title: 'Local vCenter',
    purpose: 'Stands in for a vCenter 8.0.3 in development, evaluation and tests. Never for production.',
    schema: localVcenterConfig,
  },
  {
    title: 'Launcher',
    purpose: '`npm start`: starts everything above on one machine and passes their variables on.',
    schema: launcherConfig,
  },
];

/** The whole text of docs/configuration.md. A spec keeps the file equal to it. */
export function configurationDocument(): string {
  const sections = PROCESSES.map(({ title, purpose, schema }) =>
    [`## ${title}`, '', purpose, '', ...table(describeConfig(schema)), ''].join('\n'),
  );
  return `${HEAD}\n${sections.join('\n')}`;
}

const HEAD = `# Configuration

Every process is configured by environment variables alone. They are read once at the start; when any of them is missing or
not valid, the process lists all of them by name, prints no value, and does not start. An empty variable counts as unset. White
space and one pair of quotes around a value are dropped.
Secret variables are never printed, logged or sent anywhere. Each may lie in a file instead, which its name with \`_FILE\` behind it names
(\`DATABASE_URL_FILE=/run/secrets/database-url\`): environments are inherited and listed, files are not.

This page is written by \`npm run generate\` from the schemas in \`libs/config\`; a test keeps the two equal.
`;

function table(rows: readonly ConfigRow[]): string[] {
  return [
    // Aligned columns would make every change of one row a change of all.
    '<!-- prettier-ignore -->',
    '| variable | meaning | value | default | consequence |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(
      (row) =>
        `| \`${row.variable}\` | ${cell(row.meaning)} | ${cell(row.expected)}${row.secret ? ' (secret)' : ''} | ${defaultCell(row)} | ${cell(row.consequence)} |`,
    ),
  ];
}

function defaultCell(row: ConfigRow): string {
  if (row.fallback !== undefined) return `\`${cell(row.fallback)}\``;
  return row.required ? 'none, required' : 'none';
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
