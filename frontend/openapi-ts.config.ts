/** How the client is made of the committed OpenAPI file. */
import { defineConfig } from "@hey-api/openapi-ts";

export default defineConfig({
  input: "../tests/api/openapi.yaml",
  output: { path: "src/api", module: { extension: ".ts" } },
  plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
  logs: { file: false },
});
