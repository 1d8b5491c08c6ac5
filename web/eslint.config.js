import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['**/dist', '**/node_modules', '**/media', '**/*.js', '**/*.mjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Callbacks that swallow what must not reach the page are empty on purpose.
      '@typescript-eslint/no-empty-function': 'off',
      // Nothing here uses this: what is made are closures.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
