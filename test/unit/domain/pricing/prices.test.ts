import { describe, expect, test } from "vitest";
import { readPrices } from "../../../../shared/domain/pricing/prices.ts";

const tier = { registryMonth: 5, gibMonth: 0.1 };
const whole = { currency: "EUR", Basic: tier, Standard: tier, Premium: { registryMonth: 50, gibMonth: 0 } };
const without = (...names: readonly string[]) =>
  JSON.stringify(Object.fromEntries(Object.entries(whole).filter(([name]) => !names.includes(name))));

describe("an operator's prices", () => {
  test("are none unless he names them", () => {
    for (const text of [undefined, ""]) expect(readPrices(text, "PRICES")).toBeUndefined();
  });

  test("are as he names them", () => {
    expect(readPrices(JSON.stringify(whole), "PRICES")).toEqual(whole);
    const { Basic: basic, ...others } = whole;
    expect(readPrices(JSON.stringify({ ...others, basic }), "PRICES")).toEqual(whole);
  });

  test.each([
    ["{", "PRICES is not JSON"],
    ["[]", "PRICES is an object with currency, Basic, Standard, Premium"],
    ["null", "PRICES is an object with currency"],
    [without("currency"), "PRICES: currency is three capital letters, such as USD"],
    [JSON.stringify({ ...whole, currency: "Euro" }), "PRICES: currency is three capital letters"],
    [without("Standard"), "PRICES: Standard is an object with registryMonth, gibMonth"],
    [JSON.stringify({ ...whole, Free: tier }), 'PRICES has "Free"; it has currency, Basic,'],
    ['{"__proto__":1}', 'PRICES has "__proto__"'],
    [JSON.stringify({ ...whole, Basic: 7 }), "PRICES: Basic is an object with registryMonth"],
    [JSON.stringify({ ...whole, Basic: { registryMonth: 1 } }), "PRICES: Basic.gibMonth is a number from 0"],
    [JSON.stringify({ ...whole, Basic: { ...tier, gibMonth: "1" } }), "PRICES: Basic.gibMonth is a number"],
    [JSON.stringify({ ...whole, Basic: { ...tier, gibMonth: -1 } }), "PRICES: Basic.gibMonth is a number"],
    [JSON.stringify({ ...whole, Basic: { ...tier, egress: 1 } }), "PRICES: Basic.egress is none of"],
    [
      `{"currency":"EUR","Basic":{"registryMonth":1e999,"gibMonth":1}}`,
      "PRICES: Basic.registryMonth is a number",
    ],
  ])("are refused with one line when they are %s", (text, message) => {
    expect(() => readPrices(text, "PRICES")).toThrow(message);
  });
});
