/** Languages of the console. */
export type Language = 'en' | 'zh';

/** Of those the one that `Accept-Language` likes best; English where it names neither (RFC 9110 §12.5.4). */
export function preferredLanguage(header: string | undefined): Language {
  let best: { readonly language: Language; readonly quality: number } = { language: 'en', quality: 0 };
  for (const range of (header ?? '').split(',').slice(0, 32)) {
    const [tag = '', weight = 'q=1'] = range.split(';').map((part) => part.trim().toLowerCase());
    const language = /^(en|zh)\b/.exec(tag)?.[1] as Language | undefined;
    const quality = Number(weight.slice('q='.length));
    if (language !== undefined && quality > best.quality) best = { language, quality };
  }
  return best.language;
}
