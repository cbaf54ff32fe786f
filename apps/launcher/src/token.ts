import { bearerToken } from './demo-users';

/** `token.js LOCAL_CLOUD_URL IAM_ID [ACCOUNT_ID]`: prints a bearer token of that identity, and nothing else. */
async function main(): Promise<void> {
  const [url = '', iamId = '', accountId] = process.argv.slice(2);
  process.stdout.write(`${await bearerToken(url, iamId, accountId)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
