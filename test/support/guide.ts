import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const GUIDE = 'docs/vmware';
export const TRANSLATION = 'zh-CN';

/** What a page has one after the other: commands, what they show, and what its marks say (docs/vmware/README.md). */
export type Step =
  | { readonly kind: 'commands'; readonly text: string; readonly run: boolean }
  | { readonly kind: 'shown'; readonly text: string }
  /** What a person does in the vSphere Client; the test has a hand of that name. */
  | { readonly kind: 'by hand'; readonly text: string }
  /** What has happened before; the test sets the scene. */
  | { readonly kind: 'given'; readonly text: string };

export interface Page {
  readonly name: string;
  readonly text: string;
  readonly steps: readonly Step[];
}

export function guide(language: 'en' | typeof TRANSLATION): readonly Page[] {
  const folder = language === 'en' ? GUIDE : join(GUIDE, language);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return { name, text, steps: stepsOf(text) };
    });
}

const PARTS = /^<!-- (by hand|given|not run): (.*?) -->$|^```(\w+)\n([\s\S]*?)^```$/gm;

function stepsOf(text: string): readonly Step[] {
  const steps: Step[] = [];
  let run = true;
  for (const [, mark, remark = '', language = '', content = ''] of text.matchAll(PARTS)) {
    if (mark === 'not run') run = false;
    else if (mark !== undefined) steps.push({ kind: mark as 'by hand' | 'given', text: remark });
    else if (language === 'sh') {
      steps.push({ kind: 'commands', text: content, run });
      run = true;
    } else if (language === 'text') steps.push({ kind: 'shown', text: content });
    else throw new Error(`a page has a block of the language ${language}, of which nobody knows what it is`);
  }
  return steps;
}
