import { CopyButton } from '@carbon/react';
import { useTranslation } from 'react-i18next';

import { Breakable } from './breakable';

interface CopyableProps {
  /** What it is, for the name of the button. */
  readonly what: string;
  readonly text: string;
  /** Where what is shown is shorter than what is copied. */
  readonly shown?: string;
}

/** A value that people carry elsewhere: to vCenter, into a ticket. */
export function Copyable({ what, text, shown }: CopyableProps) {
  return (
    <span className="k-copyable">
      <code>
        <Breakable text={shown ?? text} />
      </code>
      <Copy what={what} text={text} />
    </span>
  );
}

/** The button alone, for what is too long to be shown. */
export function Copy({ what, text }: Omit<CopyableProps, 'shown'>) {
  const { t } = useTranslation();
  return (
    <CopyButton
      align="left"
      iconDescription={t('common.copyNamed', { what })}
      feedback={t('common.copied')}
      onClick={() => void navigator.clipboard.writeText(text)}
    />
  );
}
