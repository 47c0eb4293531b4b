import type { Reply, RepositoryExchange } from "../exchange.ts";
import {
  answerDeletedManifest,
  answerDeletedManifests,
  answerDeletedRepository,
  answerDeletedTag,
  answerDeletedTags,
} from "./answer-deleted.ts";
import { answerManifestItem, answerManifestList } from "./answer-manifests.ts";
import { answerRepository } from "./answer-repository.ts";
import { answerTag, answerTagList } from "./answer-tags.ts";
import type { AcrRepositoryRoute } from "./route.ts";

/** Whatever is asked of one repository by the data-plane API of Azure Container Registry. */
export async function answerAcr(exchange: RepositoryExchange, route: AcrRepositoryRoute): Promise<Reply> {
  switch (route.kind) {
    case "acr-repository":
      return await answerRepository(exchange);
    case "acr-tags":
      return await answerTagList(exchange);
    case "acr-tag":
      return await answerTag(exchange, route.tag);
    case "acr-manifests":
      return await answerManifestList(exchange);
    case "acr-manifest":
      return await answerManifestItem(exchange, route.digest);
    case "acr-deleted-repository":
      return await answerDeletedRepository(exchange);
    case "acr-deleted-tags":
      return await answerDeletedTags(exchange);
    case "acr-deleted-tag":
      return await answerDeletedTag(exchange, route.tag);
    case "acr-deleted-manifests":
      return await answerDeletedManifests(exchange);
    case "acr-deleted-manifest":
      return await answerDeletedManifest(exchange, route.digest);
  }
}
