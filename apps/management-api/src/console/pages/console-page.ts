import { preferredLanguage } from './preferred-language';

/** Small pages of ours beside the built console: before one is signed in, after it, and when that does not work. */
const TEXTS = {
  signed_out: {
    en: ['You are signed out', 'You are still signed in to IBM Cloud: whoever uses this browser can come back.'],
    zh: ['您已退出', '您仍登录在 IBM Cloud 中：使用此浏览器的任何人都可以再次进入。'],
  },
  login_over: {
    en: [
      'This sign-in cannot be continued',
      'It was not begun in this browser, took longer than ten minutes, or has been used. Begin anew.',
    ],
    zh: ['无法继续此次登录', '它不是在此浏览器中开始的，或已超过十分钟，或已被使用。请重新开始。'],
  },
  login_refused: {
    en: [
      'You were not signed in',
      'IBM Cloud did not let you in, or you cancelled. If it happens again, ask the administrator of your account.',
    ],
    zh: ['登录未成功', 'IBM Cloud 未允许您登录，或您已取消。如果再次发生，请联系您帐户的管理员。'],
  },
  unavailable: {
    en: ['IBM Cloud cannot be reached', 'Nobody can be signed in at the moment. Try again in a minute.'],
    zh: ['无法连接 IBM Cloud', '目前无法登录。请稍后重试。'],
  },
  not_configured: {
    en: [
      'Nobody can sign in yet',
      'The operator has not set CONSOLE_CLIENT_ID and CONSOLE_CLIENT_SECRET (docs/configuration.md).',
    ],
    zh: ['尚无法登录', '运营者未设置 CONSOLE_CLIENT_ID 和 CONSOLE_CLIENT_SECRET（docs/configuration.md）。'],
  },
  absent: {
    en: [
      'The console is not here yet',
      'After the first start it takes about a minute; this page looks again by itself. If it does not come: npm run build:console.',
    ],
    zh: [
      '控制台尚未就绪',
      '首次启动后大约需要一分钟；此页面会自动刷新。如果一直没有出现，请运行 npm run build:console。',
    ],
  },
  too_many: {
    en: ['Too many requests', 'Try again in a minute.'],
    zh: ['请求过多', '请稍后重试。'],
  },
  not_found: {
    en: ['There is no such page', 'The address may be of an older release.'],
    zh: ['没有此页面', '该地址可能属于旧版本。'],
  },
  failed: {
    en: ['The service failed', 'Try again; quote this number when you report it:'],
    zh: ['服务出错', '请重试；报告问题时请注明此编号：'],
  },
} as const;

const LINKS = {
  again: { en: 'Sign in', zh: '登录' },
  cloud: { en: 'Sign out of IBM Cloud too', zh: '同时退出 IBM Cloud' },
} as const;

export type ConsolePageName = keyof typeof TEXTS;

export interface ConsolePage {
  readonly page: ConsolePageName;
  /** Where one signs in. */
  readonly again?: string;
  /** Where one signs out of IBM Cloud. */
  readonly cloud?: string | undefined;
  /** Shown behind the text. */
  readonly code?: string;
  /** Seconds after which the browser asks again. */
  readonly refresh?: number;
}

export const CONSOLE_STYLE_PATH = '/console/pages.css';

/** In IBM's colours, for both schemes. */
export const CONSOLE_STYLE = `:root { color-scheme: light dark; }
body { margin: 0; font: 1rem/1.5 'IBM Plex Sans', system-ui, sans-serif; color: #161616; background: #fff; }
header { padding: 0.75rem 1rem; color: #f4f4f4; background: #161616; }
main { max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }
h1 { font-weight: 400; font-size: 2rem; }
a { display: inline-block; margin: 1rem 1rem 0 0; padding: 0.75rem 1rem; color: #fff; background: #0f62fe; text-decoration: none; }
a.other { color: #0f62fe; background: none; outline: 1px solid #0f62fe; }
@media (prefers-color-scheme: dark) {
  body { color: #f4f4f4; background: #161616; }
  a.other { color: #78a9ff; outline-color: #78a9ff; }
}
`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');

/** @param languages the header `Accept-Language` */
export function consolePage({ page, again, cloud, code, refresh }: ConsolePage, languages: string | undefined): string {
  const language = preferredLanguage(languages);
  const [title, text] = TEXTS[page][language];
  const links = [
    again === undefined ? '' : `<a href="${escaped(again)}">${LINKS.again[language]}</a>`,
    cloud === undefined ? '' : `<a class="other" href="${escaped(cloud)}">${LINKS.cloud[language]}</a>`,
  ];
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />${
      refresh === undefined ? '' : `\n    <meta http-equiv="refresh" content="${refresh}" />`
    }
    <title>${title} · KMIP for VMware</title>
    <link rel="stylesheet" href="${CONSOLE_STYLE_PATH}" />
  </head>
  <body>
    <header>KMIP for VMware</header>
    <main>
      <h1>${title}</h1>
      <p>${escaped(text)}${code === undefined ? '' : ` <code>${escaped(code)}</code>`}</p>
      ${links.join('')}
    </main>
  </body>
</html>
`;
}
