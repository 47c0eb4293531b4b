// Before azd provisions: what would fail later, or cost what nobody asked for, is said now.
import { spawnSync } from "node:child_process";

const { env } = process;
const problems = [];

const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 20) problems.push(`Node.js 20 or later builds the package; this is ${process.versions.node}`);

const isSet = (name) => (env[name] ?? "") !== "";
const isOn = (name) => env[name] === "true";

/** The texts in a variable that holds a list as JSON. */
function listIn(name) {
  if (!isSet(name)) return [];
  try {
    const list = JSON.parse(env[name]);
    if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  } catch {}
  problems.push(`${name} is a list as JSON, such as ["one","two"]`);
  return [];
}

/** The registries that are to have storage of their own. */
function isolatedRegistries() {
  const name = "PORTOLAN_ISOLATED_REGISTRIES";
  if (!isSet(name)) return [];
  try {
    const list = JSON.parse(env[name]);
    const isOne = (item) =>
      /^[a-z0-9]{5,50}$/.test(item?.registry) && ["account", "encryptionScope"].includes(item.storage);
    if (Array.isArray(list) && list.every(isOne)) return list.map(({ registry }) => registry);
  } catch {}
  problems.push(
    `${name} is a list as JSON, such as [{"registry":"team1","storage":"account"}], or "encryptionScope"`,
  );
  return [];
}

const profile = env["PORTOLAN_PROFILE"] || "Basic";

if (!["Basic", "Standard", "Premium"].includes(profile))
  problems.push("PORTOLAN_PROFILE is Basic, Standard or Premium");
for (const name of ["PORTOLAN_PRIVATE_NETWORK", "PORTOLAN_CUSTOMER_KEY"]) {
  if (isOn(name) && profile !== "Premium") problems.push(`${name} needs PORTOLAN_PROFILE=Premium`);
}
const isolated = isolatedRegistries();
if (isolated.length > 0 && profile !== "Premium")
  problems.push("PORTOLAN_ISOLATED_REGISTRIES needs PORTOLAN_PROFILE=Premium");
if (new Set(isolated).size < isolated.length)
  problems.push("PORTOLAN_ISOLATED_REGISTRIES names a registry twice");
if (isSet("PORTOLAN_MORE_REGIONS")) {
  const regions = listIn("PORTOLAN_MORE_REGIONS");
  if (profile !== "Premium") problems.push("PORTOLAN_MORE_REGIONS needs PORTOLAN_PROFILE=Premium");
  const all = [env["AZURE_LOCATION"], ...regions];
  if (new Set(all).size < all.length)
    problems.push("PORTOLAN_MORE_REGIONS names a region twice, or the first one");
  for (const region of regions) {
    if (!/^[a-z0-9]+$/.test(region))
      problems.push(`PORTOLAN_MORE_REGIONS: ${JSON.stringify(region)} is no region, such as northeurope`);
  }
  // The same package goes to the other regions through the Azure CLI, since azd deploys to one app.
  const az = spawnSync("az", ["account", "show", "--output", "none"], {
    shell: process.platform === "win32",
  });
  if (az.error !== undefined || az.status !== 0)
    problems.push("more than one region needs the Azure CLI, signed in: az login");
  if (process.platform !== "win32" && spawnSync("zip", ["-v"]).error !== undefined)
    problems.push(
      "more than one region needs the program zip, by which the package is packed for the others",
    );
}
if (isSet("PORTOLAN_WRITE_REGION")) {
  const all = [env["AZURE_LOCATION"], ...listIn("PORTOLAN_MORE_REGIONS")];
  if (!all.includes(env["PORTOLAN_WRITE_REGION"]))
    problems.push("PORTOLAN_WRITE_REGION is one of the regions of the deployment");
}
for (const name of ["PORTOLAN_ALERT_EMAILS", "PORTOLAN_ADMINISTRATORS", "PORTOLAN_CLIENT_NETWORKS"])
  listIn(name);
if (isSet("PORTOLAN_BUDGET") && env["PORTOLAN_BUDGET"] !== "0" && !isSet("PORTOLAN_ALERT_EMAILS"))
  problems.push("PORTOLAN_BUDGET needs PORTOLAN_ALERT_EMAILS, or nobody would be told");
if (isSet("PORTOLAN_CERTIFICATE") && !(isSet("PORTOLAN_DOMAIN") && isOn("PORTOLAN_GLOBAL_ROUTING")))
  problems.push("PORTOLAN_CERTIFICATE needs PORTOLAN_DOMAIN and PORTOLAN_GLOBAL_ROUTING=true");
if (isSet("PORTOLAN_DEFAULT_REGISTRY") && !/^[a-z0-9]{5,50}$/.test(env["PORTOLAN_DEFAULT_REGISTRY"]))
  problems.push("PORTOLAN_DEFAULT_REGISTRY is 5 to 50 lower-case letters and digits");

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
