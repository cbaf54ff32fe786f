import {
  CheckmarkFilled,
  CircleDash,
  ErrorFilled,
  InProgress,
  PauseFilled,
  UnknownFilled,
  WarningAltFilled,
} from '@carbon/icons-react';
import { type ReactNode } from 'react';

const ICONS = {
  good: CheckmarkFilled,
  busy: InProgress,
  warning: WarningAltFilled,
  bad: ErrorFilled,
  paused: PauseFilled,
  none: CircleDash,
  unknown: UnknownFilled,
};

export type Tone = keyof typeof ICONS;

/** Shape, colour and words: none of them alone. */
export function Status({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  const Icon = ICONS[tone];
  return (
    <span className={`k-status k-status--${tone}`}>
      <Icon aria-hidden />
      <span>{children}</span>
    </span>
  );
}
