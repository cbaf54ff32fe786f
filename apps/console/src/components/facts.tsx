import { type ReactNode } from 'react';

export type Fact = readonly [name: string, value: ReactNode] | false | undefined;

/** Names and values, side by side where there is room. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className="k-facts">
      {facts.map((fact) => {
        if (fact === false || fact === undefined) return null;
        const [name, value] = fact;
        return (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        );
      })}
    </dl>
  );
}
