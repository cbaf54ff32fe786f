import { Modal, TextInput } from '@carbon/react';
import { type ReactNode, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { asProblem } from '../api/problem';
import { type Change } from '../api/use-change';
import { ProblemView } from './problem-view';
import { useFocusReturn } from './focus';

interface GuardProps {
  readonly title: string;
  /** The act, as the button names it. */
  readonly act: string;
  /** What will happen, and what will not. */
  readonly children: ReactNode;
  /** What has to be typed in; nothing where it can be undone. */
  readonly name?: string | undefined;
  /** What the name is of: "the certificate". */
  readonly nameLabel?: string;
  readonly danger?: boolean;
  /** Something in the form itself is missing. */
  readonly blocked?: boolean;
  /** What is done on a yes. */
  readonly change: Change;
  readonly onDone?: () => void;
  readonly onClose: () => void;
}

/** Says first what will happen, and takes the name of it as the answer. Drawn only while it is asked. */
export function Guard(props: GuardProps) {
  const { t } = useTranslation();
  useFocusReturn();
  const { title, act, children, name, nameLabel, change, onDone, onClose } = props;
  const busy = change.isPending;
  const id = useId();
  const [typed, setTyped] = useState('');
  const agreed = name === undefined || typed.trim() === name;
  return (
    <Modal
      open
      size="sm"
      danger={props.danger ?? true}
      preventCloseOnClickOutside
      modalHeading={title}
      primaryButtonText={busy ? t('common.working') : act}
      secondaryButtonText={t('common.cancel')}
      closeButtonLabel={t('common.close')}
      primaryButtonDisabled={!agreed || busy || props.blocked === true}
      onRequestSubmit={() => {
        if (!agreed || busy || props.blocked === true) return;
        change.mutate(undefined, {
          onSuccess: () => {
            onClose();
            onDone?.();
          },
        });
      }}
      onRequestClose={onClose}
    >
      <div className="k-guard">
        {children}
        {name !== undefined && (
          <TextInput
            id={id}
            labelText={nameLabel ?? t('guard.type', { name })}
            value={typed}
            autoComplete="off"
            spellCheck={false}
            data-modal-primary-focus
            onChange={({ target }) => setTyped(target.value)}
          />
        )}
        {change.error && <ProblemView problem={asProblem(change.error)} />}
      </div>
    </Modal>
  );
}
