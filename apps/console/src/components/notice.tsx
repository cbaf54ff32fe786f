import { InlineNotification } from '@carbon/react';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

interface NoticeProps {
  readonly kind: 'success' | 'warning';
  readonly title: string;
  readonly text?: string;
  readonly children?: ReactNode;
}

/** Stands on the page for as long as it is so, and is read out when it comes. */
export function Notice({ kind, title, text, children }: NoticeProps) {
  const { t } = useTranslation();
  return (
    <InlineNotification
      lowContrast
      hideCloseButton
      kind={kind}
      role="status"
      statusIconDescription={t(kind === 'success' ? 'common.done' : 'common.warning')}
      title={title}
      {...(text !== undefined && { subtitle: text })}
    >
      {children}
    </InlineNotification>
  );
}
