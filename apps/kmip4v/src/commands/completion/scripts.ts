import { type Described, type DescribedOption } from '../../command-line/reference';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** The script for a shell, with all words in it: completing a word starts no process. */
export function scriptFor(shell: Shell, program: Described): string {
  if (shell === 'fish') return fish(program);
  return shell === 'bash' ? bash(program) : zsh(program);
}

/** Every command with what may stand behind it. */
function wordsOf(
  command: Described,
  ofAll: readonly DescribedOption[],
): readonly (readonly [path: string, words: string])[] {
  const options = [...command.options, ...ofAll].map(({ long }) => long);
  const words = [...command.below.map(({ path }) => path.at(-1) ?? ''), ...new Set([...options, '--help'])];
  return [[command.path.join(' '), words.join(' ')], ...command.below.flatMap((below) => wordsOf(below, ofAll))];
}

/** Every option that takes one of some words. */
function choicesOf(command: Described): readonly (readonly [place: string, words: string])[] {
  const own = command.options.flatMap(({ long, choices }) =>
    choices.length === 0 ? [] : [[`${command.path.join(' ')} ${long}`, choices.join(' ')] as const],
  );
  return [...own, ...command.below.flatMap(choicesOf)];
}

const entries = (pairs: readonly (readonly [string, string])[], line: (key: string, words: string) => string): string =>
  pairs.map(([key, words]) => `  ${line(key, words)}`).join('\n');

const bash = (program: Described): string => `# bash completion of kmip4v: source <(kmip4v completion bash)
declare -gA _kmip4v_words=(
${entries(wordsOf(program, program.options), (key, words) => `["${key}"]="${words}"`)}
)
declare -gA _kmip4v_choices=(
${entries(choicesOf(program), (key, words) => `["${key}"]="${words}"`)}
)
_kmip4v() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} at=kmip4v word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word != -* && -n \${_kmip4v_words["$at $word"]} ]] && at="$at $word"
  done
  local choices=\${_kmip4v_choices["$at $before"]:-\${_kmip4v_choices["kmip4v $before"]}}
  COMPREPLY=($(compgen -W "\${choices:-\${_kmip4v_words[$at]}}" -- "$current"))
}
complete -o default -F _kmip4v kmip4v
`;

const zsh = (program: Described): string => `#compdef kmip4v
# zsh completion of kmip4v: source <(kmip4v completion zsh), after compinit
typeset -gA _kmip4v_words=(
${entries(wordsOf(program, program.options), (key, words) => `'${key}' '${words}'`)}
)
typeset -gA _kmip4v_choices=(
${entries(choicesOf(program), (key, words) => `'${key}' '${words}'`)}
)
_kmip4v() {
  local at=kmip4v word choices
  for word in \${words[2,CURRENT-1]}; do
    [[ $word != -* && -n \${_kmip4v_words["$at $word"]} ]] && at="$at $word"
  done
  choices=\${_kmip4v_choices["$at \${words[CURRENT-1]}"]:-\${_kmip4v_choices["kmip4v \${words[CURRENT-1]}"]}}
  compadd -- \${=choices:-\${=_kmip4v_words[$at]}}
}
compdef _kmip4v kmip4v
`;

const fish = (program: Described): string => `# fish completion of kmip4v: kmip4v completion fish | source
function __kmip4v_at
    set -l at kmip4v
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; or contains -- "$at $word" $__kmip4v_paths; and set at "$at $word"
    end
    test "$at" = "$argv"
end
set -g __kmip4v_paths ${wordsOf(program, [])
  .map(([path]) => `'${path}'`)
  .join(' ')}
complete -c kmip4v -f
${wordsOf(program, program.options)
  .map(([path, words]) => `complete -c kmip4v -n "__kmip4v_at ${path}" -a '${words}'`)
  .join('\n')}
`;
