import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readRoleFile, RoleFileError } from './role-file';

const ROLES = [{ iamId: 'IBMid-1', accountId: 'acc', roles: ['manager'] }];
const text = JSON.stringify(ROLES, undefined, 2);

describe('ROLE_FILE', () => {
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kmip-roles-'));
    file = join(folder, 'roles.json');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['as it is', Buffer.from(text)],
    ['with a byte order mark', Buffer.from(`\ufeff${text}`)],
    ['with line ends of Windows and white space', Buffer.from(`\r\n ${text.replaceAll('\n', '\r\n')} \r\n`)],
    ['in UTF-16, as PowerShell writes', Buffer.from(`\ufeff${text}`, 'utf16le')],
  ])('is read %s', async (_name, bytes) => {
    await writeFile(file, bytes);
    expect(await readRoleFile(file)).toEqual(ROLES);
  });

  it.each([
    ['not JSON', '[{secret', /the file is not JSON$/],
    ['no list', '{"iamId": "secret"}', /not a list of role assignments \(the list\)$/],
    ['a wrong field', '[{"iamId": "secret"}]', /not a list of role assignments \(0\.accountId, 0\.roles\)$/],
  ])('is refused when it is %s, and not quoted', async (_name, content, message) => {
    await writeFile(file, content);
    const refusal = await readRoleFile(file).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RoleFileError);
    expect(String(refusal)).toMatch(message);
    expect(String(refusal)).not.toContain('secret');
  });

  it('is refused when it is missing', async () => {
    await expect(readRoleFile(join(folder, 'nothing'))).rejects.toThrow(/cannot be read$/);
  });
});
