// Runs the Azure CLI as it is against a registry of its own, behind TLS and a cloud of its own: what docs/azure-cli.md says works.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { administer } from "../../shared/access-admin.ts";
import { digestBytes } from "../../shared/domain/hash.ts";
import { loopbackCertificate } from "../support/certificate.ts";
import { OidcIssuer } from "../support/oidc-issuer.ts";
import { startRegistry } from "../support/registry-process.ts";

/** A command without its `az`, and what has to be in what it prints, be it on the standard output or as an error. */
type Check = readonly [command: string, prints: RegExp];

const acrAudience = "https://containerregistry.azure.net";
const shop = "-n shop1 -g shop";

const checks: readonly Check[] = [
  ["acr check-name -n shop1", /"nameAvailable": true/],
  ["acr create -n shop1 -g shop --sku Standard", /"provisioningState": "Succeeded"/],
  ["acr show -n shop1", /"resourceGroup": "shop"/],
  ["acr list -g shop --query [].name", /"shop1"/],
  [`acr update ${shop} --sku Premium --query sku.name`, /"Premium"/],
  [`acr update ${shop} --anonymous-pull-enabled true --query anonymousPullEnabled`, /true/],
  [`acr update ${shop} --admin-enabled true --query adminUserEnabled`, /true/],
  ["acr network-rule add -n shop1 --ip-address 203.0.113.0/24", /"ipAddressOrRange": "203.0.113.0\/24"/],
  [`acr update ${shop} --default-action Deny --query networkRuleSet.defaultAction`, /"Deny"/],
  ["acr network-rule list -n shop1 --query ipRules[].action", /"Allow"/],
  ["acr network-rule remove -n shop1 --ip-address 203.0.113.0/24", /"ipRules": \[\]/],
  [`acr update ${shop} --default-action Allow --query networkRuleSet.defaultAction`, /"Allow"/],
  [`acr update ${shop} --public-network-enabled false`, /PRIVATE_NETWORKS/],
  ["acr show-usage -n shop1", /"name": "Size"/],
  ["acr credential renew -n shop1 --password-name password", /"value": "portolan_/],
  ["acr credential show -n shop1", /"username": "shop1"/],
  [
    "acr scope-map create -r shop1 -n team-map --repository team/app content/read",
    /team\/app\/content\/read/,
  ],
  [
    "acr scope-map update -r shop1 -n team-map --add-repository team/b content/read",
    /team\/b\/content\/read/,
  ],
  ["acr scope-map list -r shop1 --query [].name", /"team-map"/],
  ["acr token create -r shop1 -n builder --scope-map team-map", /"value": "portolan_/],
  ["acr token update -r shop1 -n builder --status disabled --query status", /"disabled"/],
  ["acr token credential generate -r shop1 -n builder --password1 --days 30", /"name": "password1"/],
  ["acr token list -r shop1 --query [].name", /"builder"/],
  ["acr token delete -r shop1 -n builder --yes", /^$/],
  ["acr config retention update -r shop1 --status enabled --days 30 --type UntaggedManifests", /"days": 30/],
  ["acr config soft-delete update -r shop1 --status enabled --days 14 --yes", /"retentionDays": 14/],
  ["acr login -n local --expose-token", /"refreshToken": "ey/],
  ["acr repository list -n local", /"team\/app"/],
  ["acr repository show-tags -n local --repository team/app", /"v1"/],
  ["acr manifest list-metadata -r local -n team/app --query [].tags[0]", /"v1"/],
  ["acr repository update -n local --image team/app:v1 --write-enabled false", /"writeEnabled": false/],
  ["acr repository update -n local --image team/app:v1 --write-enabled true", /"writeEnabled": true/],
  ["acr repository delete -n local --repository team/app --yes", /"manifestsDeleted"/],
  ["acr create -n shop1 -g other --sku Basic", /AlreadyInUse/],
  ["acr create -n shop2 -g shop --sku Basic --location moon", /LocationNotAvailableForResourceType/],
  ["acr webhook list -r shop1", /ResourceNotFound/],
  ["group exists -n shop", /true/],
  ["resource list -n shop1 --query [].name", /"shop1"/],
  ["acr delete -n shop1 --yes", /^$/],
  ["acr check-name -n shop1", /"nameAvailable": false/],
];

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "portolan-az-"));
const issuer = new OidcIssuer(Date.now);
const certificate = loopbackCertificate();
const ca = join(folder, "ca.pem");

/** What the command prints, whichever way it ends. */
async function az(command: string, ...more: readonly string[]): Promise<string> {
  const environment = {
    ...process.env,
    AZURE_CONFIG_DIR: join(folder, "azure"),
    AZURE_CORE_COLLECT_TELEMETRY: "false",
    AZURE_CORE_ONLY_SHOW_ERRORS: "true",
    REQUESTS_CA_BUNDLE: ca,
  };
  try {
    const { stdout } = await run("az", [...command.split(" "), ...more], {
      env: environment,
      timeout: 120_000,
    });
    return stdout.trim();
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as Error & { stdout?: string; stderr?: string };
    return `${stdout}${stderr === "" ? message : stderr}`.trim();
  }
}

async function textOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Stands for Entra, in the manner of AD FS: for the registry a token of the issuer, for the rest the administrator's session. */
async function authority(host: string, asked: IncomingMessage, body: Buffer): Promise<unknown> {
  const base = `https://${asked.headers.host ?? ""}/adfs`;
  if (asked.url?.startsWith("/adfs/oauth2/token") !== true)
    return {
      issuer: base,
      authorization_endpoint: `${base}/authorize`,
      token_endpoint: `${base}/oauth2/token`,
    };
  const form = new URLSearchParams(body.toString());
  if (form.get("scope")?.startsWith(acrAudience) === true) {
    const token = await issuer.sign({ claims: { aud: acrAudience, sub: "az" } });
    return { access_token: token, token_type: "Bearer", expires_in: 3600 };
  }
  const answer = await fetch(`http://${host}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      username: form.get("client_id") ?? "",
      password: form.get("client_secret") ?? "",
      access_type: "offline",
    }),
  });
  const { refresh_token: session } = (await answer.json()) as { refresh_token: string };
  return { access_token: session, token_type: "Bearer", expires_in: 3600 };
}

/** TLS in front of the registry, with the authority beside it. */
async function openFront(host: string): Promise<{ port: number; close: () => void }> {
  const answer = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await textOf(asked);
    if (asked.url?.startsWith("/adfs/") === true) {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(await authority(host, asked, body)));
      return;
    }
    const [hostname = "", port = ""] = host.split(":");
    const headers = { ...asked.headers, "x-forwarded-proto": "https" };
    const on = request({ hostname, port, method: asked.method ?? "GET", path: asked.url ?? "/", headers });
    on.end(body);
    const [reply] = (await once(on, "response")) as [IncomingMessage];
    response.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(response);
  };
  const server = createServer({ cert: certificate.cert, key: certificate.key }, (asked, response) => {
    answer(asked, response).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** An image without layers, `team/app:v1`. */
async function push(host: string, password: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`administrator:${password}`).toString("base64")}`;
  const config = Buffer.from("{}");
  const digest = digestBytes("sha256", config);
  const upload = `http://${host}/v2/team/app/blobs/uploads/?digest=${digest}`;
  await fetch(upload, { method: "POST", headers: { authorization }, body: config });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const described = {
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest,
    size: config.byteLength,
  };
  const answer = await fetch(`http://${host}/v2/team/app/manifests/v1`, {
    method: "PUT",
    headers: { authorization, "content-type": mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, config: described, layers: [] }),
  });
  if (answer.status !== 201) throw new Error(`the push ended with ${answer.status}: ${await answer.text()}`);
}

async function logIn(port: number, password: string): Promise<void> {
  const url = `https://127.0.0.1:${port}`;
  const cloud = [
    ["--endpoint-resource-manager", url],
    ["--endpoint-management", url],
    ["--endpoint-active-directory", `${url}/adfs`],
    ["--endpoint-active-directory-resource-id", "https://management.core.windows.net/"],
    ["--endpoint-active-directory-graph-resource-id", url],
    ["--suffix-acr-login-server-endpoint", ".localhost"],
  ].flat();
  await az("cloud register -n portolan --skip-endpoint-discovery", ...cloud);
  await az("cloud set -n portolan");
  const said = await az("login --service-principal -u administrator --tenant adfs -p", password);
  if (!said.includes('"cloudName": "portolan"')) throw new Error(`az login: ${said}`);
}

async function checkAll(): Promise<number> {
  let failed = 0;
  for (const [command, prints] of checks) {
    const said = await az(command);
    const good = prints.test(said);
    console.log(`${good ? "ok    " : "FAILED"} az ${command}${good ? "" : `\n${said}`}`);
    if (!good) failed += 1;
  }
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  return failed;
}

async function main(): Promise<number> {
  await writeFile(ca, certificate.cert);
  await issuer.addKey();
  const stopIssuer = await issuer.listen();
  const registry = await startRegistry({
    folder,
    environment: { AUTH: "true", ALLOW_PRIVATE_ISSUERS: "true" },
  });
  const front = await openFront(registry.host);
  try {
    const password = await administer({ ...registry.environment }, undefined, async (admin) => {
      await admin.createTrustRule({
        name: "azure-cli",
        issuer: issuer.url,
        audience: acrAudience,
        conditions: [{ claim: "sub", values: ["az"] }],
        scopeMap: "_repositories_admin",
      });
      return (await admin.resetAdministrator()).passwords.password ?? "";
    });
    await push(registry.host, password);
    await logIn(front.port, password);
    return await checkAll();
  } finally {
    front.close();
    await registry.stop();
    await stopIssuer();
  }
}

if ((await az("version")).includes("azure-cli")) process.exitCode = (await main()) === 0 ? 0 : 1;
else console.log("0 passed, 0 failed, 1 skipped: az is not installed");
await rm(folder, { recursive: true, force: true });
