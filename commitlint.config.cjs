module.exports = {
  extends: ['@commitlint/config-conventional'],
  rules: {
    // Names of standards keep their capitals: Open Service Broker, README, KMIP.
    'subject-case': [0],
    'header-max-length': [2, 'always', 140],
    'body-max-line-length': [0],
    'footer-max-line-length': [0],
  },
};
