import type {
  AzureMonitorExporterOptions,
  AzureMonitorLogExporter,
  AzureMonitorMetricExporter,
  AzureMonitorTraceExporter,
} from "@azure/monitor-opentelemetry-exporter";
import { azureCredential } from "./credentials.ts";

/** Exporters of telemetry to Azure Monitor, in OpenTelemetry's shapes. */
export interface MonitorExporters {
  readonly spans: AzureMonitorTraceExporter;
  readonly metrics: AzureMonitorMetricExporter;
  readonly logs: AzureMonitorLogExporter;
}

export interface MonitorSettings {
  readonly connectionString: string;
  /** Undefined when the connection string's key is enough; `clientId` for an identity that the user assigned. */
  readonly identity: undefined | { readonly clientId: string | undefined };
}

/**
 * The library would send statistics about itself to Microsoft, and with each batch what the resource is, which is in every item
 * already. Only these variables switch that off.
 */
const quiet = [
  "APPLICATION_INSIGHTS_NO_STATSBEAT",
  "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
  "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED",
] as const;

/**
 * Exporters to the Application Insights resource of a connection string. They keep nothing on disk: what cannot be sent is
 * dropped.
 * @param more of the library's options, such as another HTTP client
 */
export async function monitorExporters(
  settings: MonitorSettings,
  more: Pick<AzureMonitorExporterOptions, "httpClient"> = {},
): Promise<MonitorExporters> {
  for (const variable of quiet) process.env[variable] ??= "true";
  const library = await import("@azure/monitor-opentelemetry-exporter");
  const { connectionString, identity } = settings;
  const options: AzureMonitorExporterOptions = {
    ...more,
    connectionString,
    disableOfflineStorage: true,
    ...(identity === undefined ? {} : { credential: await azureCredential(identity.clientId) }),
  };
  return {
    spans: new library.AzureMonitorTraceExporter(options),
    metrics: new library.AzureMonitorMetricExporter(options),
    logs: new library.AzureMonitorLogExporter(options),
  };
}
