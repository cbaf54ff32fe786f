import { EXIT_MEANINGS } from './exit-codes';
import { type Described } from './reference';

const ofOption = ({ flags, about, isRequired, choices }: Described['options'][number]): string =>
  `- \`${flags}\`${isRequired ? ' (needed)' : ''}${about === '' ? '' : `: ${escaped(about)}`}${oneOf(choices)}`;

const oneOf = (choices: readonly string[]): string =>
  choices.length === 0 ? '' : ` (${choices.map((word) => `\`${word}\``).join(', ')})`;

/** What markdown would take for something else. */
const escaped = (text: string): string => text.replace(/[*<]/g, (character) => `\\${character}`);

/** docs/kmip4v.md below its introduction: every command, made of the tree. */
export function referenceText(program: Described): string {
  const exits = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `- \`${code}\`: ${meaning}`);
  return [
    '## Exit status\n',
    `${exits.join('\n')}\n`,
    '## Options of all commands\n',
    `${program.options.map(ofOption).join('\n')}\n`,
    '## Commands\n',
    ...program.below.flatMap((noun) => [
      `### ${noun.path.slice(1).join(' ')}\n`,
      `${escaped(noun.about)}.\n`,
      ...leavesOf(noun).map(entry),
    ]),
  ].join('\n');
}

const leavesOf = (command: Described): readonly Described[] => [
  ...(command.below.length === 0 || command.arguments.length > 0 ? [command] : []),
  ...command.below.flatMap(leavesOf),
];

function entry({ path, about, usage, arguments: words, options }: Described): string {
  const lines = [...words.map(({ name, about: of }) => `- \`${name}\`: ${escaped(of)}`), ...options.map(ofOption)];
  return [
    `#### \`${path.join(' ')}${usage === '' ? '' : ` ${usage}`}\`\n`,
    `${escaped(about)}.\n`,
    ...(lines.length === 0 ? [] : [`${lines.join('\n')}\n`]),
  ].join('\n');
}
