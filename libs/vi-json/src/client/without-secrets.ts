/** Shorter ones are found by chance. */
const SHORTEST = 4;

/** Of what was sent: passwords and private keys. */
export function secretsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    typeof member !== 'string' ? secretsIn(member) : /^(password|privateKey)$/.test(name) ? [member] : [],
  );
}

/** A server may repeat in its refusal what it was sent: nobody is shown that. */
export function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof Error)) return error;
  for (const secret of secrets) {
    if (secret.length >= SHORTEST) error.message = error.message.replaceAll(secret, '…');
  }
  return error;
}
