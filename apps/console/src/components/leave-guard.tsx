import { Modal } from '@carbon/react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useBlocker } from 'react-router';

import { useFocusReturn } from './focus';

interface LossProps {
  readonly title: string;
  /** What is lost. */
  readonly text: string;
  /** Does it all the same, as the button names it. */
  readonly act: string;
}

/** Asks before another page takes the place of this one, for as long as it is drawn: what is here is nowhere else. */
export function LeaveGuard(loss: LossProps) {
  const blocker = useBlocker(({ currentLocation, nextLocation }) => currentLocation.pathname !== nextLocation.pathname);
  useEffect(() => {
    // Of the text, browsers show their own.
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, []);
  if (blocker.state !== 'blocked') return null;
  return <LossDialog {...loss} onStay={() => blocker.reset()} onLose={() => blocker.proceed()} />;
}

interface LossDialogProps extends LossProps {
  readonly onStay: () => void;
  readonly onLose: () => void;
}

/** Drawn only while it is asked. */
export function LossDialog({ title, text, act, onStay, onLose }: LossDialogProps) {
  const { t } = useTranslation();
  useFocusReturn();
  return (
    <Modal
      open
      danger
      size="sm"
      preventCloseOnClickOutside
      modalHeading={title}
      primaryButtonText={act}
      secondaryButtonText={t('common.stay')}
      closeButtonLabel={t('common.close')}
      onRequestSubmit={onLose}
      onRequestClose={onStay}
    >
      <p>{text}</p>
    </Modal>
  );
}
