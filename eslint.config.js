// Only the typed rules that a formatter-grade linter cannot see; Biome does the rest.
import tseslint from "typescript-eslint";

export default tseslint.config({
  files: [
    "functions/**/*.ts",
    "shared/**/*.ts",
    "host/**/*.ts",
    "emulators/**/*.ts",
    "test/**/*.ts",
    "bench/**/*.ts",
  ],
  languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true } },
  plugins: { "@typescript-eslint": tseslint.plugin },
  rules: {
    "@typescript-eslint/no-floating-promises": "error",
    "@typescript-eslint/no-misused-promises": "error",
    "@typescript-eslint/return-await": ["error", "always"],
    "@typescript-eslint/switch-exhaustiveness-check": "error",
  },
});
