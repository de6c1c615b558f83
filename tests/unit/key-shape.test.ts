// Proves which keys are refused and what is said about them. That a server and an SDK accept what passes here is for
// the integration suites.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventKeyProblem, signingKeyProblem } from "../../lib/settings/keys.ts";

const hex = (from: number, to: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF"), minLength: from, maxLength: to });

describe("a signing key", () => {
  test("is accepted with 64 hex digits, in either case", () => {
    fc.assert(fc.property(hex(64, 64), (key) => signingKeyProblem(key) === undefined));
  });

  test.each([
    ["", "must be hex digits only, and its value is not"],
    [" ", "must be hex digits only, and its value is not"],
    ["xyz", "must be hex digits only, and its value is not"],
    [`${"ab".repeat(32)}\n`, "must be hex digits only, and its value is not"],
    ["abc", "must have an even number of hex digits, and its value has 3"],
    ["ab".repeat(15), "must have at least 32 hex digits, and its value has 30"],
    ["signkey-prod-abcd", "must have no `signkey-` prefix, and its value has one: give the hex part alone"],
  ])("%j is refused", (key, problem) => {
    expect(signingKeyProblem(key)).toBe(problem);
  });

  test("is refused with a prefix, whatever follows", () => {
    fc.assert(
      fc.property(fc.constantFrom("signkey-", "signkey-test-", "signkey-branch-"), hex(0, 64), (prefix, digits) => {
        expect(signingKeyProblem(prefix + digits)).toMatch(/^must have no `signkey-` prefix/);
      }),
    );
  });

  test("is refused with an odd number of digits", () => {
    const odd = hex(1, 129).filter((key) => key.length % 2 === 1);
    fc.assert(
      fc.property(odd, (key) => {
        expect(signingKeyProblem(key)).toBe(`must have an even number of hex digits, and its value has ${key.length}`);
      }),
    );
  });

  test("is refused with any character that is not a hex digit", () => {
    const other = fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }).filter((c) => !/[0-9a-f]/i.test(c));
    fc.assert(
      fc.property(hex(0, 32), other, hex(32, 63), (before, character, after) => {
        expect(signingKeyProblem(before + character + after)).toBe("must be hex digits only, and its value is not");
      }),
    );
  });
});

describe("an event key", () => {
  test("is accepted with the characters of a path segment", () => {
    const plain = fc.string({ unit: fc.constantFrom(..."abcXYZ019_.~-"), minLength: 1 });
    fc.assert(fc.property(plain, (key) => eventKeyProblem(key) === undefined));
  });

  test.each([
    ["", "must not be empty"],
    ["  ", "must not be empty"],
    ["a b", "must be letters, digits and . _ ~ - only, and its value has others"],
    ["a/b", "must be letters, digits and . _ ~ - only, and its value has others"],
    ["a,b", "must be letters, digits and . _ ~ - only, and its value has others"],
    ["key\n", "must be letters, digits and . _ ~ - only, and its value has others"],
  ])("%j is refused", (key, problem) => {
    expect(eventKeyProblem(key)).toBe(problem);
  });
});

test("no message quotes a key", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 10 }), (key) => {
      expect(signingKeyProblem(key) ?? "").not.toContain(key);
      expect(eventKeyProblem(key) ?? "").not.toContain(key);
    }),
  );
});
