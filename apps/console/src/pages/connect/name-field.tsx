import { TextInput } from '@carbon/react';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';

/** As the tenant API has it. */
export const isName = (text: string): boolean => /^[A-Za-z0-9_.-]{1,63}$/.test(text);

interface NameFieldProps {
  readonly value: string;
  readonly onChange: (name: string) => void;
}

export function NameField({ value, onChange }: NameFieldProps) {
  const { t } = useTranslation();
  return (
    <TextInput
      id={useId()}
      labelText={t('connect.client.name')}
      helperText={t('connect.client.nameHelp')}
      value={value}
      invalid={value !== '' && !isName(value)}
      invalidText={t('connect.client.nameInvalid')}
      autoComplete="off"
      onChange={({ target }) => onChange(target.value)}
    />
  );
}
