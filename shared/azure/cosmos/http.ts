import http from "node:http";
import https from "node:https";
import { lostCode, unsentCode } from "./failure.ts";
import { type CosmosObserver, type HttpClient, type HttpRequest, operationOf } from "./observer.ts";

type HttpResponse = Awaited<ReturnType<HttpClient["sendRequest"]>>;

/** ms after which an idle connection is closed, before a gateway closes it under a request. */
const idleMillisMax = 30_000;
/** Open connections of one process to one endpoint. */
const socketsMax = 128;

/**
 * The HTTP client below the SDK. It is ours for three reasons: an error says whether the request can have reached the
 * service, which decides between `unknown` and nothing done; every request is counted with its charge; and the query plan
 * that the SDK asks for beside every query is not fetched, since a query of one partition needs none.
 */
export class CosmosHttp implements HttpClient {
  readonly #agents = {
    "http:": new http.Agent({ keepAlive: true, timeout: idleMillisMax, maxSockets: socketsMax }),
    "https:": new https.Agent({
      keepAlive: true,
      timeout: idleMillisMax,
      maxSockets: socketsMax,
      minVersion: "TLSv1.2",
    }),
  };
  readonly #observer: CosmosObserver | undefined;

  constructor(observer: CosmosObserver | undefined) {
    this.#observer = observer;
  }

  async sendRequest(request: HttpRequest): Promise<HttpResponse> {
    if (request.headers.has("x-ms-cosmos-is-query-plan-request")) {
      return answer(request, 400, new AnswerHeaders(), '{"message":"no query here needs a plan"}');
    }
    const started = performance.now();
    let response: HttpResponse | undefined;
    try {
      response = await this.#send(request);
      return response;
    } finally {
      const charge = Number(response?.headers.get("x-ms-request-charge") ?? 0);
      const millis = performance.now() - started;
      this.#observer?.charge(operationOf(request), charge || 0, millis, response?.status ?? 0);
    }
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #send(request: HttpRequest): Promise<HttpResponse> {
    const url = new URL(request.url);
    const secure = url.protocol === "https:";
    return new Promise((resolve, reject) => {
      let sent = false;
      const outgoing = (secure ? https : http).request({
        agent: this.#agents[secure ? "https:" : "http:"],
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port: url.port || (secure ? 443 : 80),
        path: pathOf(request.url),
        method: request.method,
        headers: request.headers.toJSON({ preserveCase: true }),
        servername: secure ? url.hostname : undefined,
      });
      const abort = () => outgoing.destroy(abortError());
      const fail = (error: NodeJS.ErrnoException) => {
        request.abortSignal?.removeEventListener("abort", abort);
        reject(error.name === "AbortError" ? error : connectionError(error, sent));
      };
      outgoing.once("socket", (socket) => {
        if (socket.connecting) socket.once(secure ? "secureConnect" : "connect", () => (sent = true));
        else sent = true;
      });
      outgoing.on("error", fail);
      outgoing.once("response", (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", fail);
        incoming.once("end", () => {
          request.abortSignal?.removeEventListener("abort", abort);
          const body = Buffer.concat(chunks).toString("utf8");
          try {
            resolve(checkedAnswer(request, incoming, body));
          } catch (error) {
            reject(error);
          }
        });
      });
      request.abortSignal?.addEventListener("abort", abort);
      if (request.abortSignal?.aborted) return abort();
      outgoing.end(bodyOf(request));
    });
  }
}

/** As the SDK made it, and signed it. */
function pathOf(url: string): string {
  return /^https?:\/\/[^/]*(\/.*)$/.exec(url)?.[1] ?? "/";
}

function bodyOf(request: HttpRequest): string | undefined {
  const { body } = request;
  if (body === undefined || body === null) return undefined;
  if (typeof body !== "string") throw new Error("the SDK sends text");
  return body;
}

/** The SDK reads JSON from every answer; a proxy's page or an empty error must not stop it. */
function checkedAnswer(request: HttpRequest, incoming: http.IncomingMessage, body: string): HttpResponse {
  const status = incoming.statusCode ?? 0;
  const headers = new AnswerHeaders(
    Object.entries(incoming.headers).map(([name, value]) => [name, String(value ?? "")]),
  );
  if (status >= 400) {
    return answer(request, status, headers, isJsonObject(body) ? body : '{"message":""}');
  }
  if (!looksLikeJson(body)) throw coded(lostCode, `an answer ${status} that is not JSON`);
  return answer(request, status, headers, body);
}

/** Whether it is worth the SDK's parsing; a page of up to 4 MB is not parsed twice. */
function looksLikeJson(text: string): boolean {
  return text === "" || /^\s*[[{]/.test(text);
}

function isJsonObject(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}

function answer(request: HttpRequest, status: number, headers: AnswerHeaders, body: string): HttpResponse {
  return { request, status, headers, bodyAsText: body };
}

/** Says nothing of the request, whose headers hold a token. */
function connectionError(error: NodeJS.ErrnoException, sent: boolean): Error {
  const reason = error.code ?? error.name;
  return sent
    ? coded(lostCode, `the connection to Cosmos DB was lost: ${reason}`)
    : coded(unsentCode, `Cosmos DB cannot be reached: ${reason}`);
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function abortError(): Error {
  return Object.assign(new Error("the request to Cosmos DB was given up"), { name: "AbortError" });
}

/** Headers of an answer, as the SDK's interface has them; Node gives their names in lower case. */
class AnswerHeaders extends Map<string, string> {
  override get(name: string): string | undefined {
    return super.get(name.toLowerCase());
  }

  override has(name: string): boolean {
    return super.has(name.toLowerCase());
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this);
  }
}
