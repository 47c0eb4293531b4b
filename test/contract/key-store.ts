import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../shared/domain/limits.ts";
import type { KeyStore } from "../../shared/ports/key-store.ts";

export interface MadeKeyStore {
  /** A port onto what is kept; another of the same sees the same. */
  open(): KeyStore;
  close(): Promise<void>;
}

/** Everything that the port promises, for any store. @param make opens one that holds nothing */
export function keyStoreContract(name: string, make: () => Promise<MadeKeyStore>): void {
  describe(`${name} as a KeyStore`, () => {
    let made: MadeKeyStore | undefined;
    beforeAll(async () => {
      made = await make();
    });
    afterAll(async () => {
      await made?.close();
    });
    const open = () => {
      if (made === undefined) throw new Error("the store was not made");
      return made.open();
    };

    it("has nothing before anything was written", async () => {
      expect(await open().read()).toBeUndefined();
    });

    it("gives back what was written last, to every process", async () => {
      const store = open();
      await store.write('{"version":1}');
      expect(await store.read()).toBe('{"version":1}');
      expect(await open().read()).toBe('{"version":1}');
      await open().write('{"version":2}');
      expect(await store.read()).toBe('{"version":2}');
    });

    it("keeps any text as it is", async () => {
      const text = ' ünïcode "quoted" <&> \\ \n\r\n\t end ';
      await open().write(text);
      expect(await open().read()).toBe(text);
    });

    it("takes as much as there may be", async () => {
      const text = "k".repeat(limits.keyTextBytesMax);
      await open().write(text);
      expect(await open().read()).toBe(text);
    });

    it("has one of the texts that are written at once, whole", async () => {
      const texts = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(1_000));
      await Promise.all(texts.map((text) => open().write(text)));
      expect(texts).toContain(await open().read());
    });
  });
}
