import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'coverage/**',
      '.data/**',
      'node_modules/**',
      '**/*.cjs',
      '**/*.mjs',
      'scripts/**',
      'apps/*/bin/**',
      'apps/*/dist/**',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      // noPropertyAccessFromIndexSignature of tsc wants the bracket form that this rule would take away.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 12],
      'max-params': ['error', 6],
      'no-console': 'error',
      eqeqeq: 'error',
      // The proof that a stored key may be deleted is given in one place (docs/adr/0060).
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSAsExpression > TSTypeReference > Identifier[name=/^(Deletable|Purgeable)KeyId$/]',
          message: 'only judgeDeletion and judgePurge give the proof that a stored key may be deleted or purged',
        },
      ],
    },
  },
  {
    // Nest modules and tests: classes carried by decorators, long describe blocks.
    files: ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.e2e-spec.ts', 'test/**', 'libs/testing/**'],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['apps/console/**/*.{ts,tsx}'], ...hooks.configs.flat['recommended-latest'] },
  {
    // As long as the contract of the tenant API.
    files: ['libs/tenant-api-client/src/schema.ts'],
    rules: { 'max-lines': 'off', '@typescript-eslint/no-redundant-type-constituents': 'off' },
  },
  {
    // Tables of the specification: length is their nature.
    files: ['libs/kmip-protocol/src/spec/**'],
    rules: { 'max-lines': 'off' },
  },
  { files: ['libs/key-manager/src/deletion-proof.ts'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['apps/launcher/**', 'test/load/**'], rules: { 'no-console': 'off' } },
);
