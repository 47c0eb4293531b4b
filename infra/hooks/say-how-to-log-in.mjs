// At the end of `azd up`: where the registry is, and the first push.
import { waitUntilReady } from "./wait-until-ready.mjs";

const server = process.env["LOGIN_SERVER"];
if (!server) throw new Error("LOGIN_SERVER is not among the outputs: azd provision first");
const registry = process.env["DEFAULT_REGISTRY"] || "portolan";
const containers = process.env["CONTAINER_LOGIN_SERVER"];
const domain = process.env["PORTOLAN_DOMAIN"];
const token = process.env["DOMAIN_VALIDATION_TOKEN"];
const nearest = process.env["GLOBAL_LOGIN_SERVER"];

// How long it is waited for.
const seconds = Number(process.argv[2] ?? "600");
const ready = await waitUntilReady(`https://${server}`, seconds, (text) => process.stderr.write(text));

process.stdout.write(`
The login server: ${server}
${nearest ? `The same, nearest to whoever asks: ${nearest} (uploads of up to 2 GB)\n` : ""}${containers ? `For large layers: ${containers}\n` : ""}${
  domain && token
    ? `\nIn the zone of ${domain}, for registries by name (<registry>.${domain}):\n\n` +
      `  _dnsauth  TXT    ${token}\n  *         CNAME  ${nearest}\n`
    : ""
}
Log in as whoever you are in Entra (good for about an hour):

  az account get-access-token --resource https://containerregistry.azure.net --query accessToken --output tsv |
    docker login ${server} --username 00000000-0000-0000-0000-000000000000 --password-stdin

Push something:

  docker pull alpine
  docker tag alpine ${server}/${registry}/alpine
  docker push ${server}/${registry}/alpine
`);
if (!ready) process.exitCode = 1;
