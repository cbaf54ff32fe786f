import { Button, HeaderPanel, RadioButton, RadioButtonGroup } from '@carbon/react';
import { type FocusEvent, type KeyboardEvent, type RefObject, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { asProblem, type Problem } from '../api/problem';
import { signOut } from '../api/session';
import { ProblemView } from '../components/problem-view';
import { changeLanguage } from '../i18n/i18n';
import { type Language, LANGUAGES } from '../i18n/language';
import { useSession } from './session-gate';
import { chooseTheme, THEME_CHOICES, type ThemeChoice, useTheme } from './theme';

interface UserPanelProps {
  readonly open: boolean;
  /** What opened it, and takes the focus back. */
  readonly toggle: RefObject<HTMLButtonElement | null>;
  readonly onClose: () => void;
}

/**
 * Who is signed in, how the console looks and speaks, and the ways out. Carbon would close it with each press on a label,
 * which has no focus of its own, before the press has done anything: when it closes is ours.
 */
export function UserPanel({ open, toggle, onClose }: UserPanelProps) {
  const { t } = useTranslation();
  const leave = ({ currentTarget, relatedTarget }: FocusEvent): void => {
    if (relatedTarget === null || relatedTarget === toggle.current || currentTarget.contains(relatedTarget)) return;
    onClose();
  };
  const press = ({ key }: KeyboardEvent): void => {
    if (key !== 'Escape') return;
    toggle.current?.focus();
    onClose();
  };
  return (
    <HeaderPanel expanded={open} addFocusListeners={false} className="k-panel">
      {open && (
        <div
          className="k-panel__body"
          role="group"
          aria-label={t('shell.user')}
          tabIndex={-1}
          onBlur={leave}
          onKeyDown={press}
        >
          <Identity />
          <LanguageChoice />
          <ThemeChoices />
          <Ways />
        </div>
      )}
    </HeaderPanel>
  );
}

function Identity() {
  const { t } = useTranslation();
  const { user } = useSession();
  return (
    <div>
      <p className="k-panel__name">{user.name ?? user.email ?? user.iam_id}</p>
      {user.email !== undefined && user.name !== undefined && <p>{user.email}</p>}
      <p className="k-quiet">{t('shell.account', { account: user.account })}</p>
    </div>
  );
}

function LanguageChoice() {
  const { t, i18n } = useTranslation();
  return (
    <RadioButtonGroup
      legendText={t('shell.language')}
      name="language"
      orientation="vertical"
      valueSelected={i18n.language}
      onChange={(value) => void changeLanguage(value as Language)}
    >
      {Object.entries(LANGUAGES).map(([language, name]) => (
        <RadioButton
          key={language}
          id={`language-${language}`}
          value={language}
          labelText={<span lang={language}>{name}</span>}
        />
      ))}
    </RadioButtonGroup>
  );
}

function ThemeChoices() {
  const { t } = useTranslation();
  const { choice } = useTheme();
  return (
    <RadioButtonGroup
      legendText={t('shell.theme.legend')}
      name="theme"
      orientation="vertical"
      valueSelected={choice}
      onChange={(value) => chooseTheme(value as ThemeChoice)}
    >
      {THEME_CHOICES.map((theme) => (
        <RadioButton key={theme} id={`theme-${theme}`} value={theme} labelText={t(`shell.theme.${theme}`)} />
      ))}
    </RadioButtonGroup>
  );
}

function Ways() {
  const { t } = useTranslation();
  const { logout_url } = useSession();
  const [problem, setProblem] = useState<Problem>();
  const leave = (everywhere: boolean): void => {
    signOut(everywhere).then(
      (location) => window.location.assign(location),
      (error: unknown) => setProblem(asProblem(error)),
    );
  };
  return (
    <div className="k-panel__ways">
      <Button kind="tertiary" size="md" onClick={() => leave(false)}>
        {t('shell.signOut')}
      </Button>
      <Button kind="ghost" size="md" onClick={() => leave(true)}>
        {t('shell.signOutEverywhere')}
      </Button>
      {problem && <ProblemView problem={problem} title={t('shell.signOutFailed')} />}
      <p className="k-quiet">{t('shell.stillSignedIn')}</p>
      {logout_url !== undefined && (
        <a className="cds--link" href={logout_url}>
          {t('shell.signOutOfIbmCloud')}
        </a>
      )}
    </div>
  );
}
