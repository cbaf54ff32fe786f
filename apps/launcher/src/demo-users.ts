/** Every role a tenant can give, with a demo user who has exactly that one. */
export const DEMO_ROLES = ['Viewer', 'Operator', 'Editor', 'Administrator', 'Reader', 'Writer', 'Manager'] as const;
export type DemoRole = (typeof DEMO_ROLES)[number];

export const iamIdOf = (role: DemoRole): string => `IBMid-DEMO${role.toUpperCase()}`;

/** Somebody of another account, who may do nothing here. */
export const STRANGER = 'IBMid-DEMOSTRANGER';

/** A fresh bearer token of an identity, from the stand-in cloud. @throws Error when it does not answer */
export async function bearerToken(localCloudUrl: string, iamId: string, accountId?: string): Promise<string> {
  const response = await fetch(`${localCloudUrl}/admin/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ iamId, ...(accountId === undefined ? {} : { accountId }) }),
  });
  if (!response.ok) throw new Error(`the local cloud gave no token (status ${response.status})`);
  return ((await response.json()) as { access_token: string }).access_token;
}
