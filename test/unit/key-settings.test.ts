import { expect, test } from "vitest";
import { readKeySettings } from "../../shared/key-settings.ts";

const local = { auth: true, dataDir: "/data" };
const services = { auth: true, dataDir: undefined };
const url = "https://keys.vault.azure.net";

test("on one machine the keys are in a file beside the data, unless another is named", () => {
  expect(readKeySettings({}, local)).toEqual({ kind: "file", path: "/data/keys.json" });
  const KEY_FILE = "/secrets/keys.json";
  expect(readKeySettings({ KEY_FILE }, local)).toEqual({ kind: "file", path: KEY_FILE });
  expect(readKeySettings({ KEY_FILE }, services)).toEqual({ kind: "file", path: KEY_FILE });
});

test("a vault is named by its URL, everywhere", () => {
  for (const needs of [local, services]) {
    for (const KEY_VAULT_URL of [url, `${url}/`, "https://KEYS.vault.azure.net:443"]) {
      expect(readKeySettings({ KEY_VAULT_URL }, needs)).toEqual({ kind: "vault", url });
    }
  }
});

test.each([
  "keys",
  "keys.vault.azure.net",
  "http://keys.vault.azure.net",
  `${url}/secrets/portolan-keys`,
  `${url}?a=b`,
  "https://me:secret@keys.vault.azure.net",
])("%s is no vault", (KEY_VAULT_URL) => {
  expect(() => readKeySettings({ KEY_VAULT_URL }, local)).toThrow(
    /^KEY_VAULT_URL is the URL of a vault[^\n]*$/,
  );
  expect(() => readKeySettings({ KEY_VAULT_URL }, local)).not.toThrow(/secret@/);
});

test("a vault and a file exclude each other", () => {
  const both = { KEY_VAULT_URL: url, KEY_FILE: "keys.json" };
  expect(() => readKeySettings(both, local)).toThrow("KEY_VAULT_URL and KEY_FILE exclude each other");
});

test("instances on Azure share a vault, since their disks are their own", () => {
  const WEBSITE_SITE_NAME = "app";
  for (const env of [{ WEBSITE_SITE_NAME }, { WEBSITE_SITE_NAME, KEY_FILE: "/shared/keys.json" }]) {
    expect(() => readKeySettings(env, services)).toThrow(/^in Azure KEY_VAULT_URL has to say/);
  }
  expect(readKeySettings({ WEBSITE_SITE_NAME, KEY_VAULT_URL: url }, services)).toEqual({
    kind: "vault",
    url,
  });
});

test("several instances elsewhere have to be told", () => {
  expect(() => readKeySettings({}, services)).toThrow(/^KEY_VAULT_URL or KEY_FILE has to say/);
});

test("who is open to anyone needs no keys, but what is said has to be right", () => {
  expect(readKeySettings({}, { ...services, auth: false })).toBeUndefined();
  expect(readKeySettings({ WEBSITE_SITE_NAME: "app" }, { ...services, auth: false })).toBeUndefined();
  expect(() => readKeySettings({ KEY_VAULT_URL: "x" }, { ...services, auth: false })).toThrow(
    /KEY_VAULT_URL/,
  );
});
