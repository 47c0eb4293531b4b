import { type DeployedResource, type Deployment, deploy } from "./bicep-deployment.ts";

/** Everything that may be asked for, in two regions. */
const all = {
  profile: "Premium",
  moreRegions: ["northeurope"],
  administrators: ["77777777-0000-0000-0000-000000000000"],
  moreSettings: { LOG_LEVEL: "warn" },
  containerImage: "registry.example/portolan@sha256:0",
  containersMin: 1,
  domain: "registry.example.com",
  certificate: "registries",
  globalRouting: true,
  privateNetwork: true,
  clientNetworks: ["192.168.0.0/16"],
  customerKey: true,
  isolatedRegistries: [
    { registry: "team1", storage: "account" },
    { registry: "team2", storage: "encryptionScope" },
  ],
  alertEmails: ["operator@example.com"],
  budget: 100,
};

/** What the tests look at: each profile as it comes, Premium in two regions, and that with everything else. */
export const deployments = {
  Basic: deploy({}),
  Standard: deploy({ profile: "Standard" }),
  Premium: deploy({ profile: "Premium", moreRegions: ["northeurope"] }),
  everything: deploy(all),
} as const satisfies Readonly<Record<string, Deployment>>;

export type DeploymentName = keyof typeof deployments;
export const deploymentNames = Object.keys(deployments) as readonly DeploymentName[];

export function made(name: DeploymentName, type: string): readonly DeployedResource[] {
  return deployments[name].resources.filter((resource) => resource.type === type);
}

/** The properties of the resources of a type. */
export function properties(name: DeploymentName, type: string): readonly Readonly<Record<string, unknown>>[] {
  return made(name, type).map(({ body }) => body["properties"] as Readonly<Record<string, unknown>>);
}

/** Of each function app, in the order of the regions. */
export function functionAppSettings(name: DeploymentName): readonly Readonly<Record<string, string>>[] {
  return properties(name, "Microsoft.Web/sites/config") as readonly Readonly<Record<string, string>>[];
}

interface ContainerApp {
  readonly configuration: { readonly ingress: Readonly<Record<string, unknown>> };
  readonly template: {
    readonly containers: readonly {
      readonly image: string;
      readonly env: readonly { readonly name: string; readonly value: string }[];
      readonly probes: readonly { readonly httpGet: { readonly path: string; readonly port: number } }[];
    }[];
    readonly scale: Readonly<Record<string, unknown>>;
  };
}

/** The container for large layers, and what it is told. */
export function containerApp(): {
  readonly app: ContainerApp;
  readonly settings: Readonly<Record<string, string>>;
} {
  const [app] = properties("everything", "Microsoft.App/containerApps") as unknown as readonly ContainerApp[];
  const env = app?.template.containers[0]?.env ?? [];
  if (app === undefined) throw new Error("no container is made");
  return { app, settings: Object.fromEntries(env.map(({ name, value }) => [name, value])) };
}
