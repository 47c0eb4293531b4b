import { look } from "./registry-content.ts";

/** Deletes all repositories of a registry, as its owner would: what the next client pushes are the same bytes on their way out. */
export async function deleteRepositories(host: string): Promise<void> {
  const answer = await look(`http://${host}/v2/_catalog?n=1000`);
  const { repositories } = (await answer.json()) as { repositories: string[] };
  await Promise.all(
    repositories.map(async (name) => {
      const { status } = await look(`http://${host}/acr/v1/${name}`, { method: "DELETE" });
      if (status !== 202) throw new Error(`the deletion of ${name} was answered by ${status}`);
    }),
  );
}
