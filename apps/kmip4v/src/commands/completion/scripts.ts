import { type Described, type DescribedOption } from '../../command-line/reference';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

type Words = readonly (readonly [place: string, words: string])[];

/** The script for a shell, with all words in it: completing a word starts no process. */
export function scriptFor(shell: Shell, program: Described): string {
  const [words, values] = [wordsOf(program, program.options), valuesOf(program)];
  if (shell === 'fish') return fish(words, values);
  return shell === 'bash' ? bash(words, values) : zsh(words, values);
}

/** Every command with what may stand behind it. */
function wordsOf(command: Described, ofAll: readonly DescribedOption[]): Words {
  const options = [...command.options, ...ofAll].map(({ long }) => long);
  const below = command.below.map(({ path }) => path.at(-1) ?? '');
  const words = [...below, ...command.arguments.flatMap(({ choices }) => choices), ...new Set([...options, '--help'])];
  return [[command.path.join(' '), words.join(' ')], ...command.below.flatMap((under) => wordsOf(under, ofAll))];
}

/** Every option that a value follows, with the words that it may be: none where it is a name, a number or a file. */
function valuesOf(command: Described): Words {
  const own = command.options
    .filter(({ takesValue }) => takesValue)
    .flatMap(({ long, short, choices }) =>
      [long, ...(short === undefined ? [] : [short])].map(
        (option) => [`${command.path.join(' ')} ${option}`, choices.join(' ')] as const,
      ),
    );
  return [...own, ...command.below.flatMap(valuesOf)];
}

const entries = (pairs: Words, line: (key: string, words: string) => string): string =>
  pairs.map(([key, words]) => `  ${line(key, words)}`).join('\n');

/** What follows an option with a value is no command; where its words are not known, the shell offers files. */
const bash = (words: Words, values: Words): string => `# bash completion of kmip4v: source <(kmip4v completion bash)
declare -gA _kmip4v_words=(
${entries(words, (key, each) => `["${key}"]="${each}"`)}
)
declare -gA _kmip4v_values=(
${entries(values, (key, each) => `["${key}"]="${each} "`)}
)
_kmip4v() {
  local current=\${COMP_WORDS[COMP_CWORD]} at=kmip4v last= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    # --option=word comes in three.
    [[ $word == = ]] && continue
    [[ -z \${_kmip4v_values["$at $last"]:-\${_kmip4v_values["kmip4v $last"]}} && -n \${_kmip4v_words["$at $word"]} ]] && at="$at $word"
    last=$word
  done
  [[ $current == = ]] && current=
  local values=\${_kmip4v_values["$at $last"]:-\${_kmip4v_values["kmip4v $last"]}}
  COMPREPLY=($(compgen -W "\${values:-\${_kmip4v_words[$at]}}" -- "$current"))
}
complete -o default -F _kmip4v kmip4v
`;

const zsh = (words: Words, values: Words): string => `#compdef kmip4v
# zsh completion of kmip4v: source <(kmip4v completion zsh), after compinit
typeset -gA _kmip4v_words=(
${entries(words, (key, each) => `'${key}' '${each}'`)}
)
typeset -gA _kmip4v_values=(
${entries(values, (key, each) => `'${key}' '${each} '`)}
)
# A quote within a subscript would be part of the key.
_kmip4v() {
  local at=kmip4v last= word values
  for word in \${words[2,CURRENT-1]}; do
    [[ -z \${_kmip4v_values[$at $last]:-\${_kmip4v_values[kmip4v $last]}} && -n \${_kmip4v_words[$at $word]} ]] && at="$at $word"
    last=$word
  done
  # --option=word is one.
  [[ $PREFIX == --*=* ]] && { last=\${PREFIX%%=*}; compset -P '*=' }
  values=\${_kmip4v_values[$at $last]:-\${_kmip4v_values[kmip4v $last]}}
  if [[ $values == ' ' ]]; then _files; else compadd -- \${=values:-\${=_kmip4v_words[$at]}}; fi
}
compdef _kmip4v kmip4v
`;

const fish = (words: Words, values: Words): string => `# fish completion of kmip4v: kmip4v completion fish | source
set -g __kmip4v_places \\
${entries(words, (key) => `'${key}' \\`)}

set -g __kmip4v_words \\
${entries(words, (_, each) => `'${each}' \\`)}

set -g __kmip4v_options \\
${entries(values, (key) => `'${key}' \\`)}

set -g __kmip4v_values \\
${entries(values, (_, each) => `'${each}' \\`)}

function __kmip4v_option
    contains -i -- "$argv[1] $argv[2]" $__kmip4v_options; or contains -i -- "kmip4v $argv[2]" $__kmip4v_options
end
function __kmip4v_complete
    set -l typed (commandline -opc)
    set -l at kmip4v
    set -l last ''
    for word in $typed[2..]
        if not __kmip4v_option $at $last >/dev/null; and contains -- "$at $word" $__kmip4v_places
            set at "$at $word"
        end
        set last $word
    end
    if set -l index (__kmip4v_option $at $last)
        test -n "$__kmip4v_values[$index]"; and string split ' ' -- $__kmip4v_values[$index]; or __fish_complete_path (commandline -ct)
    else if set -l index (contains -i -- $at $__kmip4v_places)
        string split ' ' -- $__kmip4v_words[$index]
    end
end
complete -c kmip4v -f -a '(__kmip4v_complete)'
`;
