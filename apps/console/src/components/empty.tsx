import { type ReactNode } from 'react';

interface EmptyProps {
  readonly title: string;
  /** What this place is for, and how it comes to have something. */
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

/** In place of a table without rows. */
export function Empty({ title, children, action }: EmptyProps) {
  return (
    <div className="k-empty">
      <h2>{title}</h2>
      <div>{children}</div>
      {action !== undefined && <div className="k-actions">{action}</div>}
    </div>
  );
}
