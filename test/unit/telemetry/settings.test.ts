import { describe, expect, it } from "vitest";
import { readTelemetrySettings } from "../../../shared/telemetry/settings.ts";

const connection =
  "InstrumentationKey=00000000-0000-0000-0000-0000000000ab;IngestionEndpoint=https://127.0.0.1/";
const client = "11111111-2222-3333-4444-555555555555";

describe("telemetry", () => {
  it("is off when no endpoint is named, or when it is switched off", () => {
    expect(readTelemetrySettings({})).toBeUndefined();
    expect(readTelemetrySettings({ APPLICATIONINSIGHTS_CONNECTION_STRING: "" })).toBeUndefined();
    const off = { OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };
    expect(readTelemetrySettings(off)).toBeUndefined();
  });

  it("goes to Azure Monitor before it goes anywhere else", () => {
    const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };
    expect(readTelemetrySettings(otlp)).toEqual({ kind: "otlp", metricMillis: 60_000 });
    const both = { ...otlp, APPLICATIONINSIGHTS_CONNECTION_STRING: connection };
    expect(readTelemetrySettings(both)).toEqual({
      kind: "azure-monitor",
      connectionString: connection,
      identity: undefined,
      metricMillis: 60_000,
    });
  });

  it.each([
    ["Authorization=AAD", undefined],
    [`Authorization=AAD;ClientId=${client}`, client],
  ])("uses an identity when APPLICATIONINSIGHTS_AUTHENTICATION_STRING is %s", (text, clientId) => {
    const settings = readTelemetrySettings({
      APPLICATIONINSIGHTS_CONNECTION_STRING: connection,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: text,
    });
    expect(settings).toMatchObject({ identity: { clientId } });
  });

  it.each([
    [{ APPLICATIONINSIGHTS_CONNECTION_STRING: "InstrumentationKey=c2VjcmV0" }, "holds InstrumentationKey"],
    [
      {
        APPLICATIONINSIGHTS_CONNECTION_STRING: connection,
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: "c2VjcmV0",
      },
      "is Authorization=AAD",
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "c2VjcmV0" }, "is a URL"],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
      "is not spoken here",
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318", OTEL_METRIC_EXPORT_INTERVAL: "1s" },
      "is a number of ms",
    ],
  ])("refuses %o in one line that repeats no secret", (env, message) => {
    let thrown = "";
    try {
      readTelemetrySettings(env);
    } catch (error) {
      thrown = String(error);
    }
    expect(thrown).toContain(message);
    expect(thrown).not.toMatch(/c2VjcmV0|\n/);
  });
});
