import { RegistryError } from "../../domain/errors.ts";

// What managers are told, in one line each. The codes are of no use to registry clients, which never get here.

export function invalid(message: string): RegistryError {
  return new RegistryError("UNSUPPORTED", { status: 400, message, managementCode: "InvalidRequestContent" });
}

/** @param what as in `token build` */
export function absent(what: string): RegistryError {
  return new RegistryError("NAME_UNKNOWN", {
    message: `there is no ${what}`,
    managementCode: "ResourceNotFound",
  });
}

export function inTheWay(message: string): RegistryError {
  return new RegistryError("DENIED", { status: 409, message, managementCode: "Conflict" });
}
