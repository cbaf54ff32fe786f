import { type IdentityRow } from '../journal/rows';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');

/** A person who can sign in here. */
export interface Person {
  readonly identity: IdentityRow;
  readonly account: string;
  readonly roles: readonly string[];
}

/** @param fields of the request to sign in, carried along by the form */
export function loginPage(people: readonly Person[], fields: ReadonlyMap<string, string>): string {
  const carried = [...fields].map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}" />`,
  );
  const choices = people.map(({ identity, account, roles }) => {
    const held = roles.length > 0 ? roles.join(', ') : 'no role';
    return `<li><button name="user" value="${escaped(identity.iamId)}">${escaped(identity.name)}</button>
      <span>${escaped(held)} · ${escaped(account)}</span></li>`;
  });
  const nobody = '<p>There is no user yet. <code>POST /admin/users</code> makes one.</p>';
  return page(
    'Sign in to the local cloud',
    `<p>It stands in for IBM Cloud: nobody has a password. Who are you?</p>
${choices.length > 0 ? `<form method="post" action="authorize">\n${carried.join('\n')}\n<ul>\n${choices.join('\n')}\n</ul>\n</form>` : nobody}`,
  );
}

export const refusalPage = (reason: string): string =>
  page('You cannot sign in', `<p>${escaped(reason)} Nobody is sent to an address that is not registered.</p>`);

export const signedOutPage = (): string =>
  page('You are signed out', '<p>The local cloud does not know you any more. Services end sessions of their own.</p>');

const page = (title: string, content: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <style>
      body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; color: #161616; }
      ul { padding: 0; list-style: none; }
      li { display: flex; align-items: center; gap: 1rem; margin: 0.5rem 0; }
      button { min-width: 14rem; padding: 0.75rem 1rem; border: 0; color: #fff; background: #0f62fe; font: inherit; text-align: left; cursor: pointer; }
    </style>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
${content}
    </main>
  </body>
</html>
`;
