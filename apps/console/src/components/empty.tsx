import { type ReactNode } from 'react';

interface EmptyProps {
  readonly title: string;
  /** What this place is for, and how it comes to have something. */
  readonly children: ReactNode;
  readonly action?: ReactNode;
  /** Nothing else is on the page: its title is the page's. */
  readonly alone?: boolean;
}

/** In place of a table without rows. */
export function Empty({ title, children, action, alone = false }: EmptyProps) {
  const Title = alone ? 'h1' : 'h2';
  return (
    <div className="k-empty">
      <Title>{title}</Title>
      <div>{children}</div>
      {action !== undefined && <div className="k-actions">{action}</div>}
    </div>
  );
}
