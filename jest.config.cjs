const { readdirSync, readFileSync } = require('node:fs');

const { dependencies, devDependencies } = require('./package.json');

/**
 * What is loaded when it is first used: packages, libraries, and the files that stand behind a library's index. A spec
 * then loads what it needs of a library, and not all that stands beside it.
 */
const libraries = readdirSync(`${__dirname}/libs`);
const lazy = [
  ...Object.keys({ ...dependencies, ...devDependencies }),
  ...libraries.flatMap((library) => {
    const index = readFileSync(`${__dirname}/libs/${library}/src/index.ts`, 'utf8');
    return [`@lib/${library}`, ...Array.from(index.matchAll(/ from '(\.[^']+)'/g), ([, file]) => file)];
  }),
];

/** One runner for every suite; `--selectProjects` picks one. swc transforms (no type check: `npm run types` does that). */
const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  setupFiles: ['reflect-metadata'],
  moduleNameMapper: {
    '^@lib/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    // TypeScript wants the extension in `import()`, and means the source by it.
    '^(\\./.*\\.commands?)\\.js$': '$1',
  },
  transform: {
    '^.+\\.[tj]s$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2023',
          keepClassNames: true,
        },
        module: { type: 'commonjs', lazy },
        sourceMaps: 'inline',
      },
    ],
  },
  // They ship ES modules only; jest on Node 20 cannot require them, so swc translates them like our own code.
  transformIgnorePatterns: ['/node_modules/(?!(jose|oauth4webapi)/)'],
};

module.exports = {
  // The default leaves one core idle, which is half of a small machine.
  maxWorkers: '100%',
  // A busy machine may be slow; a test that hangs still ends.
  testTimeout: 30_000,
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{apps,libs}/**/*.spec.ts'] },
    { ...shared, displayName: 'integration', testMatch: ['<rootDir>/{apps,libs,test}/**/*.int-spec.ts'] },
    { ...shared, displayName: 'conformance', testMatch: ['<rootDir>/test/conformance/**/*.spec.ts'] },
    { ...shared, displayName: 'interop', testMatch: ['<rootDir>/test/interop/**/*.e2e-spec.ts'] },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'] },
    { ...shared, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.e2e-spec.ts'] },
    { ...shared, displayName: 'lifecycle', testMatch: ['<rootDir>/test/lifecycle/**/*.e2e-spec.ts'] },
    { ...shared, displayName: 'nightly', testMatch: ['<rootDir>/test/nightly/**/*.e2e-spec.ts'] },
    { ...shared, displayName: 'browser', testMatch: ['<rootDir>/test/browser/**/*.e2e-spec.ts'] },
  ],
};
