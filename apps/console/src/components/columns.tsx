import { type ReactNode } from 'react';

/** What belongs to one thing, side by side on a large screen, and else below each other in the same order. */
export function Columns({ children }: { readonly children: ReactNode }) {
  return <div className="k-columns">{children}</div>;
}
