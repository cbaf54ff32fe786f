import { Upload } from '@carbon/icons-react';
import { Button, TextArea } from '@carbon/react';
import { type DragEvent, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type PemKind, pemKindOf } from './pem';

interface PemFieldProps {
  readonly label: string;
  readonly help: string;
  readonly value: string;
  readonly wanted: PemKind;
  readonly onChange: (text: string) => void;
}

/** Larger than any certificate that the service takes, smaller than what would freeze the page. */
const MAXIMUM_FILE_BYTES = 65_536;

/** Paste, drop or choose: whatever is at hand. What it is is said at once, not after it was sent. */
export function PemField({ label, help, value, wanted, onChange }: PemFieldProps) {
  const { t } = useTranslation();
  const id = useId();
  const file = useRef<HTMLInputElement>(null);
  const [isOver, setIsOver] = useState(false);
  const [tooLarge, setTooLarge] = useState(false);
  const kind = pemKindOf(value);
  const wrong = value.trim() !== '' && kind !== wanted;

  const take = (chosen: File | undefined): void => {
    if (chosen === undefined) return;
    setTooLarge(chosen.size > MAXIMUM_FILE_BYTES);
    if (chosen.size <= MAXIMUM_FILE_BYTES) void chosen.text().then(onChange);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setIsOver(false);
    take(event.dataTransfer.files[0]);
  };

  return (
    <div
      className={isOver ? 'k-pem k-pem--over' : 'k-pem'}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={drop}
    >
      <TextArea
        id={id}
        labelText={label}
        helperText={help}
        rows={8}
        value={value}
        spellCheck={false}
        autoComplete="off"
        invalid={wrong || tooLarge}
        invalidText={tooLarge ? t('pem.tooLarge') : t(`pem.${kind}`)}
        onChange={({ target }) => onChange(target.value)}
      />
      <input
        ref={file}
        type="file"
        hidden
        accept=".pem,.crt,.cer,.csr,.txt,.req"
        aria-label={t('pem.choose')}
        onChange={({ target }) => {
          take(target.files?.[0]);
          target.value = '';
        }}
      />
      <Button kind="ghost" size="sm" renderIcon={Upload} onClick={() => file.current?.click()}>
        {t('pem.choose')}
      </Button>
    </div>
  );
}
