/** With `validate` everything is checked and nothing is changed. */
export const DRY_RUN_HEADER = 'IBM-API-Dry-Run';
