import { type FactoryProvider, type InjectionToken } from '@nestjs/common';

/** What stands for each argument of a constructor. */
type TokensOf<Arguments extends readonly unknown[]> = {
  readonly [Index in keyof Arguments]: InjectionToken<Arguments[Index]>;
};

/**
 * A class of a library as a provider: libraries know nothing of Nest, so what their constructors take is named here, in
 * their order.
 */
export const built = <Arguments extends readonly unknown[], Built>(
  type: new (...given: Arguments) => Built,
  inject: TokensOf<Arguments>,
): FactoryProvider<Built> => ({
  provide: type,
  inject: [...inject],
  useFactory: (...given: unknown[]) => new type(...(given as unknown as Arguments)),
});

/** The same for a class that takes its parts as one object: by the name of each. */
export const builtFrom = <Parts extends object, Built>(
  type: new (parts: Parts) => Built,
  parts: { readonly [Name in keyof Parts]-?: InjectionToken<Parts[Name]> },
): FactoryProvider<Built> => {
  const names = Object.keys(parts);
  return {
    provide: type,
    inject: Object.values(parts),
    useFactory: (...given: unknown[]) =>
      new type(Object.fromEntries(names.map((name, index) => [name, given[index]])) as Parts),
  };
};
