/** A path of the token service, which is not part of the registry API. */
export type AuthRoute = { readonly kind: keyof typeof authMethods };

export const authMethods = {
  "oauth2-token": ["GET", "POST"],
  "oauth2-exchange": ["POST"],
  "public-keys": ["GET", "HEAD"],
} as const satisfies Record<string, readonly string[]>;

const kinds: Readonly<Record<string, keyof typeof authMethods>> = {
  "/oauth2/token": "oauth2-token",
  "/oauth2/exchange": "oauth2-exchange",
  "/.well-known/jwks.json": "public-keys",
};

/** Where the token service answers: the realm of every challenge. */
export const tokenPath = "/oauth2/token";

/** In any case, and with a slash at the end or without, as the Functions runtime takes routes. */
export function parseAuthRoute(path: string): AuthRoute | undefined {
  const plain = path.toLowerCase().replace(/\/$/, "");
  const kind = Object.hasOwn(kinds, plain) ? kinds[plain] : undefined;
  return kind === undefined ? undefined : { kind };
}

export function isAuthRoute<R extends { readonly kind: string }>(
  route: R,
): route is Extract<R, { readonly kind: keyof typeof authMethods }> {
  return Object.hasOwn(authMethods, route.kind);
}
