/** Every role a tenant can give, with a demo user who has exactly that one. */
export const DEMO_ROLES = ['Viewer', 'Operator', 'Editor', 'Administrator', 'Reader', 'Writer', 'Manager'] as const;
export type DemoRole = (typeof DEMO_ROLES)[number];

export const iamIdOf = (role: DemoRole): string => `IBMid-DEMO${role.toUpperCase()}`;

export function parseRole(text: string): DemoRole | undefined {
  return DEMO_ROLES.find((role) => role.toLowerCase() === text.toLowerCase());
}

/** A fresh bearer token of the demo user with this role, from the stand-in cloud. @throws Error when it does not answer */
export async function bearerToken(localCloudUrl: string, role: string): Promise<string> {
  const known = parseRole(role);
  if (known === undefined) throw new Error(`there is no demo role ${role}; choose one of ${DEMO_ROLES.join(', ')}`);
  const response = await fetch(`${localCloudUrl}/admin/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ iamId: iamIdOf(known) }),
  });
  if (!response.ok) throw new Error(`the local cloud gave no token (status ${response.status})`);
  return ((await response.json()) as { access_token: string }).access_token;
}
