import { imageManifest } from "../harness/content.ts";
import { pushConfig, pushManifest } from "../harness/rows.ts";
import { type Case, type Row, runTable } from "../harness/table.ts";

function push(repository: string): Row[] {
  return [pushConfig(repository), pushManifest("v1", imageManifest(), undefined, repository)];
}

const cases: readonly Case[] = [
  {
    name: "the catalog is that of the registry API, page by page",
    rows: [
      { call: "GET /acr/v1/_catalog", status: 200, json: { repositories: [] } },
      ...push("team/b"),
      ...push("team/a"),
      ...push("base"),
      { call: "GET /acr/v1/_catalog", status: 200, json: { repositories: ["base", "team/a", "team/b"] } },
      {
        call: "GET /acr/v1/_catalog?n=2",
        status: 200,
        json: { repositories: ["base", "team/a"] },
        answers: { link: '</acr/v1/_catalog?n=2&last=team%2Fa>; rel="next"' },
        keep: { next: ["link", /\/acr[^>]+/] },
      },
      { call: "GET {next}", status: 200, json: { repositories: ["team/b"] }, answers: { link: null } },
      { call: "GET /acr/v1/_catalog?n=0", status: 200, json: { repositories: [] } },
      { call: "GET /acr/v1/_catalog?n=-1", status: 400, code: "PAGINATION_NUMBER_INVALID" },
    ],
  },
  {
    name: "a repository that is off lists, or was deleted, is not in it",
    rows: [
      ...push("gone/x"),
      { call: "DELETE /acr/v1/gone%2Fx", status: 202 },
      ...push("hidden/x"),
      { call: "PATCH /acr/v1/hidden%2Fx", body: '{"listEnabled":false}', status: 200 },
      {
        call: "GET /acr/v1/_catalog?last=c&n=2",
        status: 200,
        json: { repositories: ["team/a", "team/b"] },
        answers: { link: null },
      },
    ],
  },
];

runTable(cases);
