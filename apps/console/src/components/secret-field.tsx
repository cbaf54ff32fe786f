import { PasswordInput } from '@carbon/react';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';

interface SecretFieldProps {
  readonly label: string;
  readonly help?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** What is typed in and never shown again; browsers are asked not to keep it. */
export function SecretField({ label, help, value, onChange }: SecretFieldProps) {
  const { t } = useTranslation();
  return (
    <PasswordInput
      id={useId()}
      labelText={label}
      helperText={help}
      showPasswordLabel={t('secret.show')}
      hidePasswordLabel={t('secret.hide')}
      autoComplete="new-password"
      spellCheck={false}
      value={value}
      onChange={({ target }) => onChange(target.value)}
    />
  );
}
