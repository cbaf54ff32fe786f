import { bearerToken } from './demo-users';

/** `token.js LOCAL_CLOUD_URL ROLE`: prints a bearer token of the demo user with that role, and nothing else. */
async function main(): Promise<void> {
  const [url = '', role = ''] = process.argv.slice(2);
  process.stdout.write(`${await bearerToken(url, role)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
