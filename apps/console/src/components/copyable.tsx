import { CopyButton } from '@carbon/react';
import { useTranslation } from 'react-i18next';

interface CopyableProps {
  /** What it is, for the name of the button. */
  readonly what: string;
  readonly text: string;
  /** Where what is shown is shorter than what is copied. */
  readonly shown?: string;
}

/** A value that people carry elsewhere: to vCenter, into a ticket. */
export function Copyable({ what, text, shown }: CopyableProps) {
  const { t } = useTranslation();
  return (
    <span className="k-copyable">
      <code>{shown ?? text}</code>
      <CopyButton
        align="left"
        iconDescription={t('common.copyNamed', { what })}
        feedback={t('common.copied')}
        onClick={() => void navigator.clipboard.writeText(text)}
      />
    </span>
  );
}
