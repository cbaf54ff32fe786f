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

/** A part of another provider under its own token. */
export const partOf =
  <Whole>(whole: { readonly prototype: Whole }) =>
  <Part>(token: InjectionToken<Part>, part: (from: Whole) => Part): FactoryProvider<Part> => ({
    provide: token,
    inject: [whole as InjectionToken<Whole>],
    useFactory: part as (...given: unknown[]) => Part,
  });
