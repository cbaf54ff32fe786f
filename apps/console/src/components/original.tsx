import { CopyButton } from '@carbon/react';
import { useTranslation } from 'react-i18next';

interface OriginalProps {
  /** In English, whatever the language of the page. */
  readonly text: string;
  /** Correlation id, to be copied along. */
  readonly trace?: string | undefined;
}

/** What the service said, word for word, where the page says it in another language: to be copied into a ticket. */
export function Original({ text, trace }: OriginalProps) {
  const { t, i18n } = useTranslation();
  if (i18n.language === 'en') return null;
  return (
    <details className="k-original">
      <summary>{t('problem.original')}</summary>
      <p>
        <span lang="en">{text}</span>
        <CopyButton
          align="left"
          iconDescription={t('common.copyNamed', { what: t('problem.copyOriginal') })}
          feedback={t('common.copied')}
          onClick={() => void navigator.clipboard.writeText(trace === undefined ? text : `${text}\n${trace}`)}
        />
      </p>
    </details>
  );
}
