/** Where telemetry goes. Connection strings and headers are secrets: nothing here is repeated in an error. */
export type TelemetrySettings = {
  /** ms between two exports of metrics. */
  readonly metricMillis: number;
} & (
  | { readonly kind: "otlp" }
  | {
      readonly kind: "azure-monitor";
      readonly connectionString: string;
      /** How to authenticate, beside the connection string's key: by this process's identity, or not at all. */
      readonly identity: undefined | { readonly clientId: string | undefined };
    }
);

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Azure Monitor when there is a connection string, otherwise OTLP when there is an endpoint, otherwise undefined. What else
 * OpenTelemetry's variables say is read by its libraries.
 * @throws Error of one line that names the variable
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export function readTelemetrySettings(env: Environment): TelemetrySettings | undefined {
  const connectionString = env["APPLICATIONINSIGHTS_CONNECTION_STRING"] ?? "";
  const endpoint = env["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? "";
  if (env["OTEL_SDK_DISABLED"] === "true" || (connectionString === "" && endpoint === "")) return undefined;
  const metricMillis = readInterval(env["OTEL_METRIC_EXPORT_INTERVAL"]);
  if (connectionString === "") {
    checkEndpoint(endpoint);
    if (env["OTEL_EXPORTER_OTLP_PROTOCOL"] === "grpc") {
      throw new Error("OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not spoken here: use http/json and its port");
    }
    return { kind: "otlp", metricMillis };
  }
  // Checked here, since the library throws away a string that it cannot read, and goes on.
  if (!/(^|;)InstrumentationKey=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(;|$)/i.test(connectionString)) {
    throw new Error("APPLICATIONINSIGHTS_CONNECTION_STRING holds InstrumentationKey, and parts split by ;");
  }
  const identity = readIdentity(env["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] ?? "");
  return { kind: "azure-monitor", connectionString, identity, metricMillis };
}

/**
 * `Authorization=AAD`, and `;ClientId=<id>` for an identity that the user assigned, as Azure Functions have it.
 * @see https://learn.microsoft.com/azure/azure-functions/functions-app-settings
 */
function readIdentity(text: string): { readonly clientId: string | undefined } | undefined {
  if (text === "") return undefined;
  const match = /^Authorization=AAD(?:;ClientId=([0-9a-f-]{36}))?;?$/i.exec(text.trim());
  if (match === null) {
    throw new Error(
      "APPLICATIONINSIGHTS_AUTHENTICATION_STRING is Authorization=AAD, or Authorization=AAD;ClientId=<id>",
    );
  }
  return { clientId: match[1] };
}

function checkEndpoint(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Error("OTEL_EXPORTER_OTLP_ENDPOINT is a URL such as http://127.0.0.1:4318");
  }
}

function readInterval(text: string | undefined): number {
  const millis = text === undefined || text === "" ? 60_000 : Number(text);
  if (!Number.isInteger(millis) || millis < 100 || millis > 3_600_000) {
    throw new Error("OTEL_METRIC_EXPORT_INTERVAL is a number of ms, 100 to 3600000");
  }
  return millis;
}
