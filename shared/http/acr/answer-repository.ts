import { listFirstDigests } from "../../catalog/lists/manifest-pages.ts";
import { listTagsByName } from "../../catalog/lists/tag-pages.ts";
import { allows, repositoryActions } from "../../domain/access/actions.ts";
import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { lockRepository, openRepository } from "../../registry/change-locks.ts";
import { deleteRepository } from "../../registry/delete-repository.ts";
import { readRepository } from "../../registry/inventory/read-repository.ts";
import type { Reply, RepositoryExchange } from "../exchange.ts";
import { jsonReply, malformed, readJsonObject } from "../json.ts";
import { attributesOf, parseAttributes } from "./attributes.ts";
import { headOf, timestamp } from "./items.ts";

/**
 * GET, PATCH and DELETE of a repository.
 * @see https://learn.microsoft.com/rest/api/containerregistry/repository
 */
export async function answerRepository(exchange: RepositoryExchange): Promise<Reply> {
  if (exchange.method === "DELETE") return await removeRepository(exchange);
  const { ports, registry, name, method, body } = exchange;
  if (method === "PATCH") {
    const { anonymousPullEnabled: open, ...attributes } = await readJsonObject(body);
    if (open !== undefined && typeof open !== "boolean")
      throw malformed("anonymousPullEnabled is true or false");
    if (open === true) demandEverything(exchange);
    await lockRepository(ports, registry, name, parseAttributes(attributes));
    if (open !== undefined) await openRepository(ports, registry, name, open);
  }
  const { header, manifests, tags, changedAt } = await readRepository(ports, registry, name);
  return jsonReply(method, {
    ...headOf(exchange),
    createdTime: timestamp(header.createdAt),
    lastUpdateTime: timestamp(changedAt),
    manifestCount: manifests,
    tagCount: tags,
    changeableAttributes: {
      ...attributesOf(header.locks),
      // The hosted service opens a registry only as a whole.
      ...(header.anonymousPull === undefined ? {} : { anonymousPullEnabled: true }),
    },
  });
}

/** To open a repository is to let everybody read it, which takes more than the right to lock it. @throws RegistryError DENIED */
function demandEverything({ caller, prefix, name }: RepositoryExchange): void {
  if (repositoryActions.every((action) => allows(caller.grants, name, action))) return;
  throw new RegistryError("DENIED", {
    message: `to open ${prefix}${name} to everybody takes all actions on it: ${repositoryActions.join(", ")}`,
  });
}

/** Names the first of what is deleted: there may be a million of it, and it is all deleted at the same cost. */
async function removeRepository({
  ports,
  registry,
  repositories,
  name,
  method,
}: RepositoryExchange): Promise<Reply> {
  const repository = await repositories.find(registry, name);
  const limit = limits.deletedItemsNamedMax;
  const [digests, { tags }] =
    repository === undefined
      ? [[], { tags: [] }]
      : await Promise.all([
          listFirstDigests(ports, repository, limit),
          listTagsByName(ports, repository, undefined, limit),
        ]);
  await deleteRepository(ports, registry, name);
  return jsonReply(method, { manifestsDeleted: digests, tagsDeleted: tags.map(({ tag }) => tag) }, 202);
}
