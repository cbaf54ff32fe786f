import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROUTES = join(process.cwd(), 'apps', 'console', 'src', 'app', 'routes.tsx');

/** What stands in the place of a part of an address that is one of many: `:key`. */
export type PageParameters = Readonly<Record<string, string>>;

/**
 * Every page of an instance by its route, with an address of it: a page that is added is looked at too.
 * @throws Error when a route has a parameter that is not given
 */
export function pagesOf(parameters: PageParameters): ReadonlyMap<string, string> {
  const [, ofInstance = ''] = readFileSync(ROUTES, 'utf8').split(`path: 'instances/:instance'`);
  const routes = Array.from(ofInstance.matchAll(/path: '([^'*]+)'/g), ([, route = '']) => route);
  return new Map(routes.map((route) => [route, addressOf(route, parameters)]));
}

function addressOf(route: string, parameters: PageParameters): string {
  return route.replace(/:(\w+)/g, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined) throw new Error(`the page ${route} needs a ${name}`);
    return value;
  });
}
