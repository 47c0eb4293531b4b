import { lookup } from "node:dns";
import { request as requestPlain } from "node:http";
import { request } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Issuers } from "../ports/issuers.ts";
import { isAllowedAddress } from "./addresses.ts";

export interface IssuerOptions {
  /** Also http, and hosts in the networks that are one's own: for a server of one's own that nobody else sees. */
  readonly allowPrivate: boolean;
}

/** Reads what issuers publish over https. */
export function systemIssuers({ allowPrivate }: IssuerOptions): Issuers {
  return {
    fetchJson: async (text) => {
      const url = checkUrl(text, allowPrivate);
      const body = await fetchBody(url, allowPrivate);
      try {
        return JSON.parse(body) as unknown;
      } catch {
        throw away(url, "answers with something that is no JSON");
      }
    },
  };
}

function checkUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:"))) {
    throw forbidden("an issuer's addresses are https URLs");
  }
  if (url.username !== "" || url.password !== "") throw forbidden("an issuer's addresses hold no password");
  // Such a host is connected to without being looked up.
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !isAllowedAddress(host, allowPrivate)) throw notPublic(url.hostname);
  return url;
}

async function fetchBody(url: URL, allowPrivate: boolean): Promise<string> {
  const signal = AbortSignal.timeout(limits.issuerAnswerSecondsMax * 1000);
  const send = url.protocol === "https:" ? request : requestPlain;
  return await new Promise((resolve, reject) => {
    const sent = send(url, {
      headers: { accept: "application/json", "accept-encoding": "identity", "user-agent": "portolan" },
      // A connection of its own, through no proxy.
      agent: false,
      lookup: lookupAllowed(allowPrivate),
      signal,
    });
    const fail = (error: unknown) => {
      sent.destroy();
      if (error instanceof RegistryError) reject(error);
      else reject(away(url, signal.aborted ? "takes too long to answer" : "cannot be reached"));
    };
    sent.on("error", fail);
    sent.on("response", (response) => {
      // A redirect is no answer either: what it leads to was not checked.
      if (response.statusCode !== 200) return fail(away(url, `answers with status ${response.statusCode}`));
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on("error", fail);
      response.on("data", (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes > limits.issuerAnswerBytesMax) fail(away(url, "answers with too much"));
      });
      response.on("end", () => resolve(Buffer.concat(pieces).toString("utf8")));
    });
    sent.end();
  });
}

/**
 * Looks a host up where it is connected to, so that what was checked is what is used: a name that was public a moment ago may be
 * private now.
 */
function lookupAllowed(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = error === null ? found : [];
      // One that is not public is enough: such a name is a trick, or a mistake.
      const refused = addresses.some(({ address }) => !isAllowedAddress(address, allowPrivate));
      const [first] = addresses;
      if (error !== null) callback(error, "");
      else if (refused || first === undefined) callback(notPublic(hostname), "");
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function away(url: URL, why: string): RegistryError {
  return new RegistryError("UNAVAILABLE", { message: `the issuer's host ${url.host} ${why}` });
}

function notPublic(host: string): RegistryError {
  return forbidden(`an issuer is on a public host, and ${host} is none`);
}

function forbidden(message: string): RegistryError {
  return new RegistryError("UNSUPPORTED", { status: 400, message });
}
