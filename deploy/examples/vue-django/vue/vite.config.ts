import vue from "@vitejs/plugin-vue";
import { defineConfig, loadEnv } from "vite";

// One origin for both: what Vue does not answer goes to Django, here as in production.
const django = process.env.DJANGO_URL ?? "http://127.0.0.1:8000";
const proxy = Object.fromEntries(["/api", "/desk/", "/oidc"].map((path) => [path, { target: django, changeOrigin: false }]));

export default defineConfig(({ mode }) => {
  const { VITE_ISSUER } = loadEnv(mode, ".");
  return {
    plugins: [vue()],
    server: { proxy },
    preview: {
      proxy,
      // No script but our own, and nobody to tell what one would find but Django and dingbridge.
      headers: {
        "Content-Security-Policy": `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' ${VITE_ISSUER}; base-uri 'none'; form-action 'self' ${VITE_ISSUER}; frame-ancestors 'none'`,
      },
    },
  };
});
