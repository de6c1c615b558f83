// Proves that a secret is found in each form in which it may stand somewhere. Where it is looked for is for the
// integration suite.
import fc from "fast-check";
import { expect, test } from "vitest";
import { leaks } from "../support/leaks.ts";

const secret = 'p@ss/word+"of ü';
const found = (text: string | Buffer) => leaks({ place: text }, { secret });

test.each([
  ["in clear", `before ${secret} after`],
  ["in a URL", `redis://:${encodeURIComponent(secret)}@host`],
  ["in JSON", JSON.stringify({ secret })],
  ["in bytes", Buffer.from(`\0\0${secret}\0`)],
])("%s", (_, text) => {
  expect(found(text)).toEqual(["place: secret"]);
});

test("in Base64, whatever stands before and after it", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.constantFrom("base64", "base64url"), (before, after, alphabet) => {
      expect(found(Buffer.from(before + secret + after).toString(alphabet))).toEqual(["place: secret"]);
    }),
  );
});

test("not where it is not", () => {
  expect(found("p@ss/word")).toEqual([]);
  expect(found(Buffer.from("p@ss/word").toString("base64"))).toEqual([]);
});
